-- What does one inference cost in joules, and how many operations does a watt buy?
--
--   railgauge run scenarios/energy.lua
--   railgauge run scenarios/energy.lua --set model=net.tflite --set tier=standard
--   railgauge run scenarios/energy.lua --set rail=hwmon --set window=10s    # only on-board rails
--   railgauge run scenarios/energy.lua --set target=sim                     # no rail here? simulate
--
-- The model is loaded and left alone, then runs, then is left alone again. A sensor that averages
-- needs time: the window wants ten, idle six of its time constants (`railgauge list rails`: lag).
-- Without a usable rail every energy figure is n/a with its reason, and all others still stand.

local common = require "common"
local model = common.model("ds-cnn")
local target = common.target()
local rail = rg.option("rail", {default = "",
    help = "a rail, a sensor, or replay:FILE; empty: every usable rail"})
local idle = rg.option("idle", {type = "duration", default = "3s",
    help = "how long to leave it alone before and after"})
local window = rg.option("window", {type = "duration", default = "5s",
    help = "how long to run it, each round, at least"})
local tier = common.tier()

-- Room for idle, warm-up and a slow model within the tier's cap.
return rg.scenario {
    name = "energy",
    summary = "Joules of one inference and operations a joule, total and above idle",
    tier = {name = tier, min_time = window, cap = "120s"},
    measure = {power = true, idle = idle, rails = rail ~= "" and {rail} or nil},
    cells = {
        {model = model, target = target, pattern = {"single_stream"}},
    },
}

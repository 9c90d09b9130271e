-- What does the machine draw when nothing runs? The model is loaded and then left alone.
--
--   railgauge run scenarios/idle.lua
--   railgauge run scenarios/idle.lua --set duration=60s --set target=sim
--
-- The figures of interest are the idle power of each rail and the memory of a loaded model.

local common = require "common"
local model = common.model("ds-cnn")
local target = common.target()
local duration = rg.option("duration", {type = "duration", default = "10s",
    help = "how long to leave it alone, each round"})
local rounds = rg.option("rounds", {default = 3, min = 1, max = 1000,
    help = "fresh processes"})

return rg.scenario {
    name = "idle",
    summary = "Power and memory of a loaded model while nothing runs",
    tier = {name = "quick", rounds = rounds},
    measure = {power = true},
    cells = {
        {model = model, target = target, pattern = {"idle", duration = duration}},
    },
}

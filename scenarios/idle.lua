-- What does the machine draw when nothing runs? The model is loaded and then left alone.
--
--   railgauge run scenarios/idle.lua
--   railgauge run scenarios/idle.lua --set duration=60s --set target=sim
--
-- The figures of interest are the idle power of each rail and the memory of a loaded model.

local model = rg.option("model", {type = "model", default = "ds-cnn",
    help = "suite model or model file to load"})
local target = rg.option("target", {default = "cpu", help = "where to load it"})
local duration = rg.option("duration", {type = "duration", default = "10s",
    help = "how long to leave it alone"})

return rg.scenario {
    name = "idle",
    summary = "Power and memory of a loaded model while nothing runs",
    tier = {name = "quick", rounds = 3},
    measure = {power = true},
    cells = {
        {model = model, target = target, pattern = {"idle", duration = duration}},
    },
}

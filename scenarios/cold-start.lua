-- How long until the first answer? Load and first inference, each in a fresh process.
--
--   railgauge run scenarios/cold-start.lua --set model=net.tflite
--   railgauge run scenarios/cold-start.lua --set rounds=30 --set threads=4
--
-- Nothing else is measured: no warm-up, no steady window. The file cache is dropped where the
-- system permits; compiling is part of the load where the target compiles.

local common = require "common"
local model = common.model("ds-cnn")
local target = common.target()
local threads = rg.option("threads", {default = 1, min = 0, max = 1024,
    help = "threads; 0: the target's own choice"})
local rounds = rg.option("rounds", {default = 10, min = 1, max = 10000, help = "fresh processes"})

return rg.scenario {
    name = "cold-start",
    summary = "Load and first inference in fresh processes",
    tier = {name = "quick", rounds = rounds},
    cells = {
        {model = model, target = target, threads = threads, pattern = {"cold"}},
    },
}

-- How long does one inference take, model by model and thread by thread?
--
--   railgauge run scenarios/latency.lua
--   railgauge run scenarios/latency.lua --set suite=mobile --set threads=4 --set tier=standard
--   railgauge run scenarios/latency.lua --only 'ds-cnn/*'
--
-- Every model of a suite, one request at a time, with 1, 2, 4 ... threads.

local common = require "common"
local suite = rg.option("suite", {default = "tiny", choices = {"tiny", "mobile", "vision", "language", "ci", "all"},
    help = "which built-in models"})
local target = common.target()
local threads = rg.option("threads", {default = 0, min = 0, max = 1024,
    help = "most threads; 0: one for each core of this board"})
local tier = common.tier()

local most = threads > 0 and threads or math.max(1, rg.board().cores)

return rg.scenario {
    name = "latency",
    summary = "Latency of the suite, by number of threads",
    tier = tier,
    cells = rg.matrix {
        model = rg.suite(suite),
        target = target,
        threads = rg.range(1, most, "*2"),
        pattern = {"single_stream"},
    },
}

-- What does a larger batch buy: samples a second, and latency of a request, by samples a request?
--
--   railgauge run scenarios/batch-sweep.lua --set model=net.tflite
--   railgauge run scenarios/batch-sweep.lua --set most=64 --set threads=4
--
-- A request of n samples is one latency; throughput counts samples.

local common = require "common"
local model = common.model("ds-cnn")
local target = common.target()
local most = rg.option("most", {default = 16, min = 1, max = 65536,
    help = "most samples a request; the sweep is 1, 2, 4 ... up to this"})
local threads = rg.option("threads", {default = 1, min = 0, max = 1024,
    help = "threads; 0: the target's own choice"})
local power = rg.option("power", {default = false, help = "sample the power rails"})
local tier = common.tier()

return rg.scenario {
    name = "batch-sweep",
    summary = "Samples a second and latency of a request by samples a request",
    tier = tier,
    measure = {power = power},
    cells = rg.matrix {
        model = model,
        target = target,
        threads = threads,
        batch = rg.range(1, most, "*2"),
    },
}

-- How many inferences a second, and what does each then cost in latency? A sweep of requests in
-- flight.
--
--   railgauge run scenarios/throughput.lua --set model=ds-cnn
--   railgauge run scenarios/throughput.lua --set model=net.tflite --set most=16
--
-- Throughput grows until the device is full; from there on only latency grows.

local common = require "common"
local model = common.model("ds-cnn")
local target = common.target()
local most = rg.option("most", {default = 8, min = 1, max = 1024,
    help = "most requests in flight; the sweep is 1, 2, 4 ... up to this"})
local threads = rg.option("threads", {default = 1, min = 0, max = 1024,
    help = "threads of each request"})
local tier = common.tier()

local patterns = {}
for i, n in ipairs(rg.range(1, most, "*2")) do
    patterns[i] = {"in_flight", n = n}
end

return rg.scenario {
    name = "throughput",
    summary = "Throughput and latency by requests in flight",
    tier = tier,
    cells = rg.matrix {
        model = model,
        target = target,
        threads = threads,
        pattern = patterns,
    },
}

-- How much later are answers when something else keeps the cores, the memory or the disk busy?
--
--   railgauge run scenarios/interfere.lua --set model=net.tflite
--   railgauge run scenarios/interfere.lua --set beside=mem --set hz=30 --set deadline=33ms
--
-- Each round measures the same window twice: alone, then beside the disturbance. The figures are
-- those beside it; `p95 / alone` says how many times as long its p95 is.

local common = require "common"
local model = common.model("ds-cnn")
local target = common.target()
local beside = rg.option("beside", {default = "cpu,mem,io",
    help = "disturbances with commas between them: cpu (arithmetic on each core), mem (copying), io (writing)"})
local hz = rg.option("hz", {default = 0.0, min = 0, max = 1000000,
    help = "requests a second; 0: back to back"})
local deadline = rg.option("deadline", {type = "duration", default = "0s",
    help = "a request that takes longer has missed it; 0s: none, or one period of paced requests"})
local threads = rg.option("threads", {default = 1, min = 0, max = 1024,
    help = "threads; 0: the target's own choice"})
local tier = common.tier()

local kinds = {}
for word in beside:gmatch("[^, ]+") do
    kinds[#kinds + 1] = word
end

return rg.scenario {
    name = "interfere",
    summary = "Latency beside a stated disturbance, and without it",
    tier = tier,
    cells = rg.matrix {
        model = model,
        target = target,
        threads = threads,
        deadline = deadline ~= "0s" and deadline or nil,
        interfere = kinds,
        pattern = hz > 0 and {"paced", hz = hz} or {"single_stream"},
    },
}

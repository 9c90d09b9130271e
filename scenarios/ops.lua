-- How fast is each layer of real networks, one operator at a time?
--
--   railgauge run scenarios/ops.lua
--   railgauge run scenarios/ops.lua --set network=resnet --set threads=2 --set precision=float32
--
-- The operator suite (`railgauge list ops --suite`), or one network's part of it.

local common = require "common"
local network = rg.option("network", {default = "", help = "only layers of this network, such as yolov5n"})
local precision = rg.option("precision", {default = "int8", choices = {"int8", "int4", "float32"}, help = "form of the operators"})
local target = common.target()
local threads = rg.option("threads", {default = 1, min = 0, max = 1024, help = "threads; 0: the target's own choice"})
local tier = common.tier()

local ops = {}
for _, op in ipairs(rg.suite "ops") do
    if op.workload:sub(1, #network) == network then ops[#ops + 1] = op end
end

return rg.scenario {
    name = "ops",
    summary = "The operator suite, one layer at a time",
    tier = tier,
    cells = rg.matrix {
        model = ops,
        target = target,
        threads = threads,
        precision = precision,
        pattern = {"single_stream"},
    },
}

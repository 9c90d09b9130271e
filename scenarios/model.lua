-- How fast is this model, here? One model file or suite model under one load pattern.
--
--   railgauge run scenarios/model.lua --set model=some.tflite
--   railgauge run scenarios/model.lua --set model=resnet-8 --set threads=2 --set tier=standard
--   railgauge run scenarios/model.lua --set model=new.tflite --set name=net     # then gate against
--   railgauge run scenarios/model.lua --set model=old.tflite --set name=net     # the other one
--
-- Paths given by --set start where you are.

local common = require "common"
local model = common.model()
local target = common.target()
local threads = rg.option("threads", {default = 1, min = 0, max = 1024,
    help = "threads; 0: the target's own choice"})
local in_flight = rg.option("in_flight", {default = 1, min = 1, max = 1024,
    help = "requests in flight; 1: one at a time"})
local batch = rg.option("batch", {default = 1, min = 1, max = 65536, help = "samples a request"})
local inputs = rg.option("inputs", {default = "random", choices = {"random", "zero"},
    help = "what the inputs hold"})
local power = rg.option("power", {default = false, help = "sample the power rails"})
local tier = common.tier()

return rg.scenario {
    name = "model",
    summary = "One model under one load pattern",
    tier = tier,
    measure = {power = power},
    cells = {
        {
            model = model,
            target = target,
            threads = threads,
            batch = batch,
            inputs = inputs,
            pattern = in_flight > 1 and {"in_flight", n = in_flight} or {"single_stream"},
        },
    },
}

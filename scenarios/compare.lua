-- Which runtime is fastest here, for these models? One model on all that is on this machine.
--
--   railgauge run scenarios/compare.lua                                  # MLPerf Tiny, every target
--   railgauge run scenarios/compare.lua --set models=a.tflite,b.tflite --set tier=standard
--   railgauge run scenarios/compare.lua --set models=mobilenet-v2 --set threads=4 --per-op
--   railgauge run scenarios/compare.lua --only '*/tflite*'
--   railgauge report runs/compare-... --format html -o compare.html
--
-- Each target gets the same model in the form that it takes. What is not here becomes a cell with
-- status absent and what to install; what only runs compiled models says how to compile them. So a
-- run without every accelerator ends with exit code 3: its cells are all told.

local common = require "common"
local models = common.models("tiny")
local threads = rg.option("threads", {default = 1, min = 0, max = 1024,
    help = "threads on the host; 0: each target's own choice"})
local offload = rg.option("require_full_offload", {default = false,
    help = "refuse cells of accelerators of which an operator stays on the host"})
local power = rg.option("power", {default = false, help = "sample the power rails"})
local tier = common.tier()

-- Where an operator may stay behind, the option above says whether that is still a result.
local function accelerator(name, options)
    local target = {name, require_full_offload = offload}
    for key, value in pairs(options or {}) do target[key] = value end
    return target
end

return rg.scenario {
    name = "compare",
    summary = "One model on all runtimes and devices that are here",
    tier = tier,
    measure = {power = power},
    cells = rg.matrix {
        model = models,
        target = {
            "cpu",
            {"tflite", variant = "builtin"},
            {"tflite", variant = "xnnpack"},
            "onnxruntime",
            accelerator("edgetpu"),
            accelerator("hailo"),
        },
        threads = threads,
        pattern = {"single_stream"},
    },
}

-- How far does energy depend on what the inputs hold: random numbers, zeros, real data?
--
--   railgauge run scenarios/data-sensitivity.lua --set model=net.tflite --set inputs=samples/
--   railgauge run scenarios/data-sensitivity.lua --set target=sim      # no rail here? simulate
--
-- The same model three times, in the same order of rounds; each is proven against the reference for
-- its own inputs before it is timed. Real inputs are a .npy or raw file, a folder with 0.npy (or
-- 0.bin) and so on, or a folder with labels.tsv; without them the third cell is left out, and the
-- run says so. Energy of the suite's own models is indicative: their weights are seeded.

local common = require "common"
local model = common.model("ds-cnn")
local target = common.target()
local inputs = rg.option("inputs", {type = "file", default = "",
    help = "real inputs: a file or a folder; empty: leave them out"})
local rail = rg.option("rail", {default = "",
    help = "a rail, a sensor, or replay:FILE; empty: every usable rail"})
local idle = rg.option("idle", {type = "duration", default = "3s",
    help = "how long to leave it alone before and after"})
local window = rg.option("window", {type = "duration", default = "5s",
    help = "how long to run it, each round, at least"})
local tier = common.tier()

local kinds = {"random", "zero"}
local told = "Energy by what the inputs hold: random, zero"
if inputs ~= "" then
    kinds[3] = "real"
    told = told .. ", real"
else
    told = told .. "; real skipped: no --set inputs=FILE or FOLDER"
    print("data-sensitivity: real inputs are skipped; give them by --set inputs=FILE or FOLDER")
end

return rg.scenario {
    name = "data-sensitivity",
    summary = told,
    tier = {name = tier, min_time = window, cap = "120s"},
    measure = {power = true, idle = idle, rails = rail ~= "" and {rail} or nil},
    cells = rg.matrix {model = model, target = target, inputs = kinds, input_files = inputs},
}

-- Streaming wake word (MLPerf Tiny): depthwise-separable convolutions along time, 30 frames of 40 features, 3 words.
local net = require "net"
local m = net.new { name = "wake-word", summary = "MLPerf Tiny streaming wake word: 1D DS-CNN, 30 frames of 40 features", input = { 1, 30, 1, 40 },
  low = 0, high = 1, seed = 15 }
local x = m.input
for _, row in ipairs { { 3, 128 }, { 5, 128 }, { 10, 128 }, { 15, 32 } } do
  x = m:depthwise { x, kernel = { row[1], 1 }, padding = "valid" }
  x = m:conv { x, filters = row[2], kernel = 1, padding = "valid", act = "relu" }
end
return m:done { m:softmax(m:dense { m:flatten(x), units = 3, gain = 3 }),
  published = { macs = 826368, within = 0, source = "mlcommons/tiny str_ww_ref_model, counted from its published .tflite" } }

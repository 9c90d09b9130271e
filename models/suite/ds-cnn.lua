-- DS-CNN for keyword spotting (MLPerf Tiny; Zhang et al., arXiv 1711.07128): 49 x 10 MFCC in, 12 words out.
local net = require "net"
local m = net.new { name = "ds-cnn", summary = "MLPerf Tiny keyword spotting: depthwise-separable CNN, 49x10 MFCC, 12 words", input = { 1, 49, 10, 1 }, low = -2, high = 2, seed = 12 }
local x = m:conv { m.input, filters = 64, kernel = { 10, 4 }, stride = 2, act = "relu" }
for _ = 1, 4 do
  x = m:depthwise { x, kernel = 3, act = "relu" }
  x = m:conv { x, filters = 64, kernel = 1, act = "relu" }
end
x = m:average_pool { x, kernel = { 25, 5 }, stride = { 25, 5 } }
return m:done { m:softmax(m:dense { m:flatten(x), units = 12, gain = 3 }),
  published = { macs = 2656768, within = 0, source = "mlcommons/tiny kws_ref_model, counted from its published .tflite" } }

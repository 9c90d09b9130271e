-- EfficientNet-Lite0: EfficientNet-B0 (Tan and Le, arXiv 1905.11946, table 1) with relu6 and without squeeze-and-excite.
local net, blocks = require "net", require "blocks"
local m = net.new { name = "efficientnet-lite0", summary = "EfficientNet-Lite0 at 224x224, 1000 classes", input = { 1, 224, 224, 3 }, seed = 24 }
local x = m:conv { m.input, filters = 32, kernel = 3, stride = 2, act = "relu6" }
-- expansion, filters, times, stride, kernel
for _, row in ipairs { { 1, 16, 1, 1, 3 }, { 6, 24, 2, 2, 3 }, { 6, 40, 2, 2, 5 }, { 6, 80, 3, 2, 3 }, { 6, 112, 3, 1, 5 }, { 6, 192, 4, 2, 5 },
  { 6, 320, 1, 1, 3 } } do
  local expansion, filters, times, stride, kernel = table.unpack(row)
  for i = 1, times do
    x = blocks.inverted(m, { x, width = x.shape[4] * expansion, filters = filters, kernel = kernel, stride = i == 1 and stride or 1, act = "relu6" })
  end
end
x = m:conv { x, filters = 1280, kernel = 1, act = "relu6" }
return m:done { m:softmax(m:dense { m:mean(x), units = 1000, gain = 2.5 }), published = { macs = 407e6, within = 0.06, parameters = 4.7e6,
  parameters_within = 0.02, source = "tensorflow/tpu, models/official/efficientnet/lite/README: 407 million multiply-adds, 4.7 million parameters" } }

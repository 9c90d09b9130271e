-- ResNet-8 for CIFAR-10 (MLPerf Tiny image classification): three stacks of two 3x3 convolutions.
local net = require "net"
local m = net.new { name = "resnet-8", summary = "MLPerf Tiny image classification: ResNet-8, 32x32 CIFAR-10", input = { 1, 32, 32, 3 }, low = 0, high = 1, seed = 13 }
local x = m:conv { m.input, filters = 16, kernel = 3, act = "relu" }
for stack, filters in ipairs { 16, 32, 64 } do
  local stride = stack == 1 and 1 or 2
  local y = m:conv { x, filters = filters, kernel = 3, stride = stride, act = "relu" }
  y = m:conv { y, filters = filters, kernel = 3 }
  local skip = stack == 1 and x or m:conv { x, filters = filters, kernel = 1, stride = 2 }
  x = m:add(skip, y, "relu")
end
x = m:average_pool { x, kernel = 8 }
return m:done { m:softmax(m:dense { m:flatten(x), units = 10, gain = 3 }),
  published = { macs = 12501632, within = 0, source = "mlcommons/tiny pretrainedResnet_quant, counted from its published .tflite" } }

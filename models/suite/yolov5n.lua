-- YOLOv5n 6.0 at 640 x 640, 80 classes, without the decoding of boxes (ultralytics/yolov5, models/yolov5n.yaml).
local net, blocks = require "net", require "blocks"
local m = net.new { name = "yolov5n", summary = "YOLOv5n detector body at 640x640, 80 classes", input = { 1, 640, 640, 3 }, low = 0, high = 1, seed = 42 }
local function conv(x, filters, kernel, stride, gain)
  return blocks.silu(m, m:conv { x, filters = filters, kernel = kernel, stride = stride, gain = gain })
end
local function c3(x, filters, times, shortcut)
  local y = conv(x, filters // 2, 1)
  for _ = 1, times do
    local z = conv(conv(y, filters // 2, 1), filters // 2, 3, 1, shortcut and 2 * blocks.soft or 1)
    y = shortcut and m:add(y, z) or z
  end
  return conv(m:concat { y, conv(x, filters // 2, 1) }, filters, 1)
end
local function pool(x) return m:max_pool { x, kernel = 5, stride = 1, padding = "same" } end
local x = c3(conv(conv(m.input, 16, 6, 2), 32, 3, 2), 32, 1, true)
local p3 = c3(conv(x, 64, 3, 2), 64, 2, true)
local p4 = c3(conv(p3, 128, 3, 2), 128, 3, true)
x = conv(c3(conv(p4, 256, 3, 2), 256, 1, true), 128, 1)
local a = pool(x); local b = pool(a)
x = conv(m:concat { x, a, b, pool(b) }, 256, 1)
local top = conv(x, 128, 1)
local middle = conv(c3(m:concat { m:upsample(top, 2), p4 }, 128, 1), 64, 1)
local out3 = c3(m:concat { m:upsample(middle, 2), p3 }, 64, 1)
local out4 = c3(m:concat { conv(out3, 64, 3, 2), middle }, 128, 1)
local out5 = c3(m:concat { conv(out4, 128, 3, 2), top }, 256, 1)
local heads = {}
for i, map in ipairs { out3, out4, out5 } do
  local head = m:conv { map, filters = 255, kernel = 1 }
  heads[i] = m:reshape(head, { 1, head.shape[2] * head.shape[3] * 3, 85 })
end
return m:done { m:logistic(m:join(heads, 1)), published = { macs = 2.25e9, within = 0.03, parameters = 1.87e6, parameters_within = 0.01,
  source = "ultralytics/yolov5 README: YOLOv5n at 640, 1.9 million parameters, 4.5 billion operations (2 a multiply-add)" } }

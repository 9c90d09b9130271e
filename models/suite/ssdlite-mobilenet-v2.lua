-- SSDLite on MobileNet v2, 320 x 320 (Sandler et al., arXiv 1801.04381, section 6.2): six maps of boxes and 81 classes.
local net, blocks = require "net", require "blocks"
local mobilenet = require "mobilenet"
local m = net.new { name = "ssdlite-mobilenet-v2", summary = "SSDLite with MobileNet v2 at 320x320, 80 classes and background", input = { 1, 320, 320, 3 }, seed = 41 }
local maps = { mobilenet.v2_body(m, m.input) }
local x = maps[2]
for _, filters in ipairs { 512, 256, 256, 128 } do
  x = m:conv { x, filters = filters // 2, kernel = 1, act = "relu6" }
  x = blocks.separable(m, { x, filters = filters, stride = 2, inner = "relu6", act = "relu6" })
  maps[#maps + 1] = x
end
local boxes, scores = {}, {}
for i, map in ipairs(maps) do
  local anchors = i == 1 and 3 or 6
  local count = map.shape[2] * map.shape[3] * anchors
  boxes[i] = m:reshape(blocks.separable(m, { map, filters = anchors * 4, inner = "relu6" }), { 1, count, 4 })
  scores[i] = m:reshape(blocks.separable(m, { map, filters = anchors * 81, inner = "relu6" }), { 1, count, 81 })
end
return m:done { m:join(boxes, 1), m:logistic(m:join(scores, 1)), published = { macs = 0.8e9, within = 0.07, parameters = 4.3e6,
  parameters_within = 0.03, source = "Sandler et al. 2018, arXiv 1801.04381, table 6, MNet V2 + SSDLite: 0.8 billion multiply-adds, 4.3 million parameters" } }

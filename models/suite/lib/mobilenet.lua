-- The two MobileNets by width, input size and classes.
local net, blocks = require "net", require "blocks"
local mobilenet = {}

-- Howard et al., arXiv 1704.04861, table 1.
function mobilenet.v1(spec)
  local function width(n) return math.max(8, n * spec.alpha // 1 | 0) end
  local m = net.new { name = spec.name, summary = spec.summary, input = { 1, spec.size, spec.size, 3 }, seed = spec.seed }
  local x = m:conv { m.input, filters = width(32), kernel = 3, stride = 2, act = spec.act }
  local rows = { { 64, 1 }, { 128, 2 }, { 128, 1 }, { 256, 2 }, { 256, 1 }, { 512, 2 }, { 512, 1 }, { 512, 1 }, { 512, 1 }, { 512, 1 },
    { 512, 1 }, { 1024, 2 }, { 1024, 1 } }
  for _, row in ipairs(rows) do
    x = m:depthwise { x, kernel = 3, stride = row[2], act = spec.act }
    x = m:conv { x, filters = width(row[1]), kernel = 1, act = spec.act }
  end
  x = m:average_pool { x, kernel = x.shape[2] }
  return m:done { m:softmax(m:dense { m:flatten(x), units = spec.classes, gain = spec.gain }), published = spec.published }
end

-- Sandler et al., arXiv 1801.04381, table 2, up to the 1280 channels; returns also, first, the widened channels of the
-- last stage before its stride: the map that detectors begin with.
function mobilenet.v2_body(m, x)
  local first_map
  x = m:conv { x, filters = 32, kernel = 3, stride = 2, act = "relu6" }
  local rows = { { 1, 16, 1, 1 }, { 6, 24, 2, 2 }, { 6, 32, 3, 2 }, { 6, 64, 4, 2 }, { 6, 96, 3, 1 }, { 6, 160, 3, 2 }, { 6, 320, 1, 1 } }
  for _, row in ipairs(rows) do
    local expansion, filters, times, first_stride = table.unpack(row)
    for i = 1, times do
      local stride, inputs, y = i == 1 and first_stride or 1, x.shape[4], x
      if expansion > 1 then y = m:conv { y, filters = inputs * expansion, kernel = 1, act = "relu6" } end
      if stride == 2 then first_map = y end
      y = m:depthwise { y, kernel = 3, stride = stride, act = "relu6" }
      local linked = stride == 1 and inputs == filters
      y = m:conv { y, filters = filters, kernel = 1, gain = linked and blocks.soft or 1 }
      x = linked and m:add(x, y) or y
    end
  end
  return first_map, m:conv { x, filters = 1280, kernel = 1, act = "relu6" }
end

function mobilenet.v2(spec)
  local m = net.new { name = spec.name, summary = spec.summary, input = { 1, spec.size, spec.size, 3 }, seed = spec.seed }
  local _, x = mobilenet.v2_body(m, m.input)
  return m:done { m:softmax(m:dense { m:mean(x), units = spec.classes, gain = spec.gain }), published = spec.published }
end

return mobilenet

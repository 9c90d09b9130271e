-- Residual networks for 224 x 224 pictures (He et al., arXiv 1512.03385, table 1).
local net, blocks = require "net", require "blocks"
local resnet = {}

-- Two 3x3; the first one strides.
function resnet.basic(m, x, filters, stride)
  local y = blocks.padded_conv(m, { x, filters = filters, kernel = 3, stride = stride, act = "relu" })
  y = blocks.padded_conv(m, { y, filters = filters, kernel = 3, gain = blocks.soft })
  local same = stride == 1 and x.shape[4] == filters
  return m:add(same and x or m:conv { x, filters = filters, kernel = 1, stride = stride }, y, "relu")
end

-- 1x1, 3x3, 1x1 to four times the filters; the first one strides, as in the paper.
function resnet.bottleneck(m, x, filters, stride)
  local y = m:conv { x, filters = filters, kernel = 1, stride = stride, act = "relu" }
  y = blocks.padded_conv(m, { y, filters = filters, kernel = 3, act = "relu" })
  y = m:conv { y, filters = 4 * filters, kernel = 1, gain = blocks.soft }
  local same = stride == 1 and x.shape[4] == 4 * filters
  return m:add(same and x or m:conv { x, filters = 4 * filters, kernel = 1, stride = stride }, y, "relu")
end

function resnet.build(spec)
  local m = net.new { name = spec.name, summary = spec.summary, input = { 1, 224, 224, 3 }, seed = spec.seed }
  local x = blocks.padded_conv(m, { m.input, filters = 64, kernel = 7, stride = 2, act = "relu" })
  x = m:max_pool { m:pad(x, 1, 1, 1, 1), kernel = 3, stride = 2 }
  for stage, times in ipairs(spec.times) do
    for i = 1, times do x = spec.block(m, x, 32 << stage, i == 1 and stage > 1 and 2 or 1) end
  end
  return m:done { m:softmax(m:dense { m:mean(x), units = 1000, gain = 2.5 }), published = spec.published }
end

return resnet

-- MobileNet v3 small, width 1.0 (Howard et al., arXiv 1905.02244, table 2): squeeze-and-excite and hard swish.
local net, blocks = require "net", require "blocks"
local m = net.new { name = "mobilenet-v3-small", summary = "MobileNet v3 small 1.0 at 224x224, 1000 classes", input = { 1, 224, 224, 3 }, seed = 23 }
local x = m:hard_swish(m:conv { m.input, filters = 16, kernel = 3, stride = 2 })
local function rounded(n) return math.max(8, (n + 4) // 8 * 8) end
-- kernel, width, filters, squeeze-and-excite, activation, stride
for _, row in ipairs {
  { 3, 16, 16, true, "relu", 2 }, { 3, 72, 24, false, "relu", 2 }, { 3, 88, 24, false, "relu", 1 },
  { 5, 96, 40, true, "hard_swish", 2 }, { 5, 240, 40, true, "hard_swish", 1 }, { 5, 240, 40, true, "hard_swish", 1 },
  { 5, 120, 48, true, "hard_swish", 1 }, { 5, 144, 48, true, "hard_swish", 1 }, { 5, 288, 96, true, "hard_swish", 2 },
  { 5, 576, 96, true, "hard_swish", 1 }, { 5, 576, 96, true, "hard_swish", 1 },
} do
  local kernel, width, filters, squeeze, act, stride = table.unpack(row)
  x = blocks.inverted(m, { x, kernel = kernel, width = width, filters = filters, squeeze = squeeze and rounded(width // 4), act = act, stride = stride })
end
x = m:mean_kept(m:hard_swish(m:conv { x, filters = 576, kernel = 1 }))
x = m:hard_swish(m:conv { x, filters = 1024, kernel = 1 })
return m:done { m:softmax(m:dense { m:flatten(x), units = 1000, gain = 2.5 }), published = { macs = 56e6, within = 0.02,
  parameters = 2.5e6, parameters_within = 0.025, source = "Howard et al. 2019, arXiv 1905.02244, table 3: 56 million multiply-adds, 2.5 million parameters" } }

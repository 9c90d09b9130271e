-- ViT-Tiny, patches of 16 x 16 at 224 x 224, 1000 classes (Touvron et al., arXiv 2012.12877; width 192, 12 layers, 3 heads).
local net, blocks = require "net", require "blocks"
local m = net.new { name = "vit-tiny", summary = "ViT-Tiny/16 at 224x224, 1000 classes", input = { 1, 224, 224, 3 }, seed = 61 }
local width, heads, layers = 192, 3, 12
local x = m:conv { m.input, filters = width, kernel = 16, stride = 16, padding = "valid" }
x = m:join({ m:table { shape = { 1, width } }, m:reshape(x, { 196, width }) }, 0)
x = m:add(x, m:table { shape = { 197, width }, spread = 0.5 })
for _ = 1, layers do
  x = m:add(x, blocks.self_attention(m, blocks.layer_norm(m, x), heads))
  x = m:add(x, blocks.feed_forward(m, blocks.layer_norm(m, x), 4 * width))
end
x = m:slice(blocks.layer_norm(m, x), { 0, 0 }, { 1, width })
return m:done { m:dense { x, units = 1000, gain = 2.5 }, published = { macs = 1.3e9, within = 0.04, parameters = 5.7e6,
  parameters_within = 0.01, source = "Wang et al. 2021, arXiv 2102.12122, table 3, DeiT-Tiny/16: 1.3 billion multiply-adds, 5.7 million parameters" } }

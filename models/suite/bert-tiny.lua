-- BERT-Tiny: 2 layers, width 128, 2 heads, 128 tokens (Turc et al., arXiv 1908.08962). Whole sentences: no mask.
local net, blocks = require "net", require "blocks"
local m = net.new { name = "bert-tiny", summary = "BERT-Tiny encoder, 128 tokens, two classes", seed = 71 }
local width, tokens = 128, 128
local words = m:gather(m:table { name = "words", shape = { 30522, width }, spread = 0.5 }, m:more_input { name = "ids", shape = { tokens }, ids = 30522 })
local kinds = m:gather(m:table { name = "kinds", shape = { 2, width }, spread = 0.5 }, m:more_input { name = "segments", shape = { tokens }, ids = 2 })
local places = m:slice(m:table { name = "places", shape = { 512, width }, spread = 0.5 }, { 0, 0 }, { tokens, width })
local x = blocks.layer_norm(m, m:add(m:add(words, kinds), places))
for _ = 1, 2 do
  x = blocks.layer_norm(m, m:add(x, blocks.self_attention(m, x, 2)))
  x = blocks.layer_norm(m, m:add(x, blocks.feed_forward(m, x, 4 * width)))
end
local pooled = m:tanh(m:dense { m:slice(x, { 0, 0 }, { 1, width }), units = width })
return m:done { m:softmax(m:dense { pooled, units = 2, gain = 3 }), published = { parameters = 4.4e6, parameters_within = 0.01,
  source = "Turc et al. 2019, arXiv 1908.08962, table 1, BERT-Tiny (2 layers, width 128): 4.4 million parameters" } }

-- The decoder of karpathy/llama2.c, stories15M: 6 layers, width 288, 6 heads, 32000 words, rotary positions, SwiGLU.
local net, blocks = require "net", require "blocks"
local llama = {}
local width, heads, layers, inner, words = 288, 6, 6, 768, 32000
local size = width // heads

-- Cosines and sines of rotary positions first .. first + tokens - 1 (Su et al., arXiv 2104.09864), rounded so that
-- libraries' last bits do not matter.
local function rotation(m, first, tokens)
  local cosines, sines = {}, {}
  for position = first, first + tokens - 1 do
    for i = 0, size // 2 - 1 do
      local angle = position / 10000 ^ (2 * i / size)
      cosines[#cosines + 1] = math.floor(math.cos(angle) * 65536 + 0.5) / 65536
      sines[#sines + 1] = math.floor(math.sin(angle) * 65536 + 0.5) / 65536
    end
  end
  local shape = { 1, tokens, size // 2 }
  return { cosines = m:table { shape = shape, values = cosines }, sines = m:table { shape = shape, values = sines } }
end

-- Each half of a head is one coordinate of the pairs that turn.
local function rotate(m, x, by)
  local h, tokens = x.shape[1], x.shape[2]
  local part = { h, tokens, size // 2 }
  local a, b = m:slice(x, { 0, 0, 0 }, part), m:slice(x, { 0, 0, size // 2 }, part)
  return m:concat { m:sub(m:mul(a, by.cosines), m:mul(b, by.sines)), m:add(m:mul(b, by.cosines), m:mul(a, by.sines)) }
end

-- Later tokens are hidden: -20 is as good as never after softmax and keeps int8 scores fine.
local function causal(m, tokens)
  local values = {}
  for row = 1, tokens do
    for column = 1, tokens do values[#values + 1] = column > row and -20 or 0 end
  end
  return m:table { name = "mask", shape = { 1, tokens, tokens }, values = values }
end

-- tokens: of this call; past: tokens whose keys and values come in (0: none).
function llama.build(spec)
  local m = net.new { name = spec.name, summary = spec.summary, seed = spec.seed }
  local tokens, past, outputs = spec.tokens, spec.past, {}
  local x = m:gather(m:table { name = "words", shape = { words, width } }, m:more_input { name = "ids", shape = { tokens }, ids = words })
  local by, mask = rotation(m, past, tokens), past == 0 and causal(m, tokens) or nil
  for layer = 1, layers do
    local y = blocks.rms_norm(m, x)
    local q = rotate(m, blocks.to_heads(m, m:dense { y, units = width, gain = blocks.query_gain(size) }, heads), by)
    local k = rotate(m, blocks.to_heads(m, m:dense { y, units = width }, heads), by)
    local v = blocks.to_heads(m, m:dense { y, units = width }, heads)
    if past > 0 then
      local shape = { heads, past, size }
      outputs[#outputs + 1], outputs[#outputs + 2] = k, v
      k = m:join({ m:more_input { name = "keys_" .. layer, shape = shape, low = -3, high = 3 }, k }, 1)
      v = m:join({ m:more_input { name = "values_" .. layer, shape = shape, low = -3, high = 3 }, v }, 1)
    end
    x = m:add(x, m:dense { blocks.from_heads(m, blocks.attend(m, q, k, v, mask)), units = width, gain = blocks.soft })
    y = blocks.rms_norm(m, x)
    y = m:mul(blocks.silu(m, m:dense { y, units = inner }), m:dense { y, units = inner })
    x = m:add(x, m:dense { y, units = width, gain = blocks.soft })
  end
  if tokens > 1 then x = m:slice(x, { tokens - 1, 0 }, { 1, width }) end
  return m:done { m:dense { blocks.rms_norm(m, x), units = words, gain = 3 }, table.unpack(outputs), forms = { "int8", "int4" }, published = {
    parameters = 15e6, parameters_within = 0.01, parameters_correction = words * width,
    correction = "the table of words serves as the last layer too there; here they are two",
    source = "karpathy/llama2.c README, stories15M: 15 million parameters (dim 288, 6 layers, 6 heads)" } }
end

return llama

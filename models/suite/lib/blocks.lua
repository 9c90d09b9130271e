-- What several networks are built of. Each function takes the model (net.lua) and a tensor, and returns one.
local blocks = {}

-- Spread of what a residual branch adds to its trunk of 1: trained networks refine, they do not overwrite. With 1,
-- rounding errors of int8 would grow from layer to layer until two sound libraries give different answers.
blocks.soft = 0.2

-- x times its sigmoid (SiLU, swish), as two operators.
function blocks.silu(m, x) return m:mul(x, m:logistic(x)) end

-- Depthwise, then 1x1.
function blocks.separable(m, a)
  local y = m:depthwise { a[1], kernel = a.kernel or 3, stride = a.stride, act = a.inner }
  return m:conv { y, filters = a.filters, kernel = 1, act = a.act }
end

-- Hu et al., arXiv 1709.01507, with the hard sigmoid of MobileNet v3: relu6(x + 3) / 6.
function blocks.squeeze_excite(m, x, squeezed)
  local y = m:conv { m:mean_kept(x), filters = squeezed, kernel = 1, act = "relu" }
  y = m:conv { y, filters = x.shape[4], kernel = 1, gain = 0.5 }
  y = m:mul(m:add(y, m:scalar(3), "relu6"), m:scalar(1 / 6))
  return m:mul(x, y)
end

-- Inverted residual (Sandler et al., arXiv 1801.04381): widen, depthwise, narrow. `act` is a fused activation or
-- "hard_swish"; `squeeze` the channels of squeeze-and-excite; `linear_last` as all of them.
function blocks.inverted(m, a)
  local x, inputs = a[1], a[1].shape[4]
  local fused = a.act ~= "hard_swish" and a.act or nil
  local function activate(y) return fused and y or m:hard_swish(y) end
  local y = x
  if a.width ~= inputs then y = activate(m:conv { y, filters = a.width, kernel = 1, act = fused }) end
  y = activate(m:depthwise { y, kernel = a.kernel, stride = a.stride, act = fused })
  if a.squeeze then y = blocks.squeeze_excite(m, y, a.squeeze) end
  local linked = a.stride == 1 and inputs == a.filters
  local out = m:conv { y, filters = a.filters, kernel = 1, gain = linked and blocks.soft or 1 }
  return linked and m:add(x, out) or out
end

-- Convolution with a border of `kernel // 2` pixels on every side, as PyTorch and the ResNet papers have it.
function blocks.padded_conv(m, a)
  local border = a.kernel // 2
  return m:conv { m:pad(a[1], border, border, border, border), filters = a.filters, kernel = a.kernel, stride = a.stride, act = a.act,
    padding = "valid", gain = a.gain }
end

-- Ba et al., arXiv 1607.06450, in operators that integer runtimes have: (x - mean) / deviation * gamma + beta.
function blocks.layer_norm(m, x)
  local width = x.shape[#x.shape]
  local centred = m:sub(x, m:mean_kept(x))
  local y = m:mul(centred, m:rsqrt(m:mean_kept(m:mul(centred, centred))))
  return m:add(m:mul(y, m:table { shape = { width }, center = 1, spread = 0.1 }), m:table { shape = { width }, spread = 0.1 })
end

-- Zhang and Sennrich, arXiv 1910.07467: x / root of the mean square * gamma.
function blocks.rms_norm(m, x)
  local y = m:mul(x, m:rsqrt(m:mean_kept(m:mul(x, x))))
  return m:mul(y, m:table { shape = { x.shape[#x.shape] }, center = 1, spread = 0.1 })
end

-- Rows of {tokens, heads * size} as {heads, tokens, size}, and back.
function blocks.to_heads(m, x, heads)
  local tokens, width = x.shape[1], x.shape[2]
  return m:transpose(m:reshape(x, { tokens, heads, width // heads }), { 1, 0, 2 })
end
function blocks.from_heads(m, x)
  local heads, tokens, size = table.unpack(x.shape)
  return m:reshape(m:transpose(x, { 1, 0, 2 }), { tokens, heads * size })
end

-- Softmax of q k' (+ mask) times v. Queries come scaled: the spread of their layer holds 1 / sqrt(size).
function blocks.attend(m, q, k, v, mask)
  local scores = m:matmul(q, k, true)
  if mask then scores = m:add(scores, mask) end
  return m:matmul(m:softmax(scores), v)
end

-- Spread of scores near 1: neither flat nor one-hot.
function blocks.query_gain(size) return 1 / size ^ 0.5 end

-- Self-attention of an encoder: x is {tokens, width}.
function blocks.self_attention(m, x, heads)
  local width = x.shape[2]
  local q = blocks.to_heads(m, m:dense { x, units = width, gain = blocks.query_gain(width // heads) }, heads)
  local k = blocks.to_heads(m, m:dense { x, units = width }, heads)
  local v = blocks.to_heads(m, m:dense { x, units = width }, heads)
  return m:dense { blocks.from_heads(m, blocks.attend(m, q, k, v)), units = width, gain = blocks.soft }
end

-- The two dense layers after attention.
function blocks.feed_forward(m, x, inner)
  return m:dense { m:gelu(m:dense { x, units = inner }), units = x.shape[2], gain = blocks.soft }
end

return blocks

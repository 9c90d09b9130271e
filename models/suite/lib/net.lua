-- Describes networks for the suite: layers in, one plain table out (its form: the functions below). Weights are not
-- here: they are seeded, normalised and quantized from this description by the program, the same on every machine.
--
--   local net = require "net"
--   local m = net.new { name = "tiny", input = { 1, 8, 8, 3 }, low = -1, high = 1 }
--   local x = m:conv { m.input, filters = 16, kernel = 3, stride = 2, act = "relu6" }
--   return m:done { m:softmax(m:dense { m:mean(x), units = 10, gain = 4 }), published = {...} }
local net = {}
local layers = {}
layers.__index = layers

-- "3" and {3, 5} are both sizes of a window: height, width.
local function pair(value, preset)
  value = value or preset
  if type(value) == "table" then return value[1], value[2] end
  return value, value
end

local function extent(size, kernel, stride, padding)
  if padding == "same" then return (size + stride - 1) // stride end
  return (size - kernel + stride) // stride
end

local function product(list)
  local n = 1
  for _, d in ipairs(list) do n = n * d end
  return n
end

-- With `input` (a shape) the model has one input, `m.input`; others come by m:more_input.
function net.new(spec)
  local m = setmetatable({ name = spec.name, summary = spec.summary or "", seed = spec.seed or 1, tensors = {}, nodes = {},
    inputs = {} }, layers)
  if spec.input then m.input = m:more_input { name = "input", shape = spec.input, low = spec.low, high = spec.high } end
  return m
end

-- An input of real numbers from low to high, or with `ids` of int32 numbers from 0 to ids - 1.
function layers:more_input(a)
  local t = self:tensor { name = a.name, shape = a.shape, kind = "input", low = a.low or -1, high = a.high or 1 }
  if a.ids then t.ids, t.low, t.high = true, 0, a.ids end
  self.inputs[#self.inputs + 1] = t.index
  return t
end

-- Adds a tensor; its handle knows its number (from 0) and shape.
function layers:tensor(t)
  t.index = #self.tensors
  self.tensors[#self.tensors + 1] = t
  return t
end

function layers:node(op, name, inputs, shape, attrs)
  local numbers = {}
  for i, t in ipairs(inputs) do numbers[i] = t.index end
  local out = self:tensor { name = name, shape = shape, kind = "activation" }
  self.nodes[#self.nodes + 1] = { op = op, ["in"] = numbers, out = { out.index }, attrs = attrs }
  return out
end

-- A constant of real numbers that is no layer's weights: `values`, or seeded as center + spread * normal.
function layers:table(a)
  return self:tensor { name = a.name or self:fresh("table"), shape = a.shape, kind = "table", values = a.values,
    center = a.center or 0, spread = a.spread or 1 }
end
function layers:scalar(value) return self:table { shape = { 1 }, values = { value } } end

function layers:fresh(op) return ("%s_%d"):format(op, #self.nodes) end

-- fan_in sets the spread of seeded weights, gain that of the layer's normalised output; axis is that of the channels'
-- scales (-1: one scale for all).
function layers:weights(name, shape, fan_in, axis, gain)
  return self:tensor { name = name .. "/weights", shape = shape, kind = "weights", fan_in = fan_in, axis = axis, gain = gain or 1 }
end

function layers:bias(name, n) return self:tensor { name = name .. "/bias", shape = { n }, kind = "bias" } end

function layers:conv(a)
  local x, name = a[1], a.name or self:fresh("conv2d")
  local n, h, w, c = table.unpack(x.shape)
  local kh, kw = pair(a.kernel, 1)
  local sh, sw = pair(a.stride, 1)
  local padding, groups = a.padding or "same", a.groups or 1
  local filter = { a.filters, kh, kw, c // groups }
  local shape = { n, extent(h, kh, sh, padding), extent(w, kw, sw, padding), a.filters }
  return self:node("conv2d", name, { x, self:weights(name, filter, kh * kw * c // groups, 0, a.gain), self:bias(name, a.filters) }, shape,
    { padding = padding, stride_h = sh, stride_w = sw, activation = a.act or "none" })
end

function layers:depthwise(a)
  local x, name = a[1], a.name or self:fresh("depthwise")
  local n, h, w, c = table.unpack(x.shape)
  local kh, kw = pair(a.kernel, 3)
  local sh, sw = pair(a.stride, 1)
  local padding, times = a.padding or "same", a.multiplier or 1
  local shape = { n, extent(h, kh, sh, padding), extent(w, kw, sw, padding), c * times }
  return self:node("depthwise_conv2d", name, { x, self:weights(name, { 1, kh, kw, c * times }, kh * kw, 3, a.gain), self:bias(name, c * times) },
    shape, { padding = padding, stride_h = sh, stride_w = sw, depth_multiplier = times, activation = a.act or "none" })
end

function layers:dense(a)
  local x, name = a[1], a.name or self:fresh("dense")
  local inputs = x.shape[#x.shape]
  return self:node("fully_connected", name, { x, self:weights(name, { a.units, inputs }, inputs, -1, a.gain), self:bias(name, a.units) },
    { product(x.shape) // inputs, a.units }, { activation = a.act or "none" })
end

local function pool(self, op, a)
  local x = a[1]
  local n, h, w, c = table.unpack(x.shape)
  local kh, kw = pair(a.kernel, 2)
  local sh, sw = pair(a.stride, a.kernel or 2)
  local padding = a.padding or "valid"
  return self:node(op, a.name or self:fresh(op), { x }, { n, extent(h, kh, sh, padding), extent(w, kw, sw, padding), c },
    { padding = padding, stride_h = sh, stride_w = sw, filter_h = kh, filter_w = kw })
end
function layers:average_pool(a) return pool(self, "average_pool2d", a) end
function layers:max_pool(a) return pool(self, "max_pool2d", a) end

local function ints(self, name, shape, values)
  return self:tensor { name = name, shape = shape, kind = "ints", values = values }
end

-- Mean over height and width.
function layers:mean(x)
  local name = self:fresh("mean")
  return self:node("mean", name, { x, ints(self, name .. "/axes", { 2 }, { 1, 2 }) }, { x.shape[1], x.shape[4] }, { keep_dims = 0 })
end

-- The same with both kept as 1; of other tensors the mean over the last dimension, kept as 1.
function layers:mean_kept(x)
  local name, rank, shape = self:fresh("mean"), #x.shape, { table.unpack(x.shape) }
  local axes = rank == 4 and { 1, 2 } or { rank - 1 }
  for _, axis in ipairs(axes) do shape[axis + 1] = 1 end
  return self:node("mean", name, { x, ints(self, name .. "/axes", { #axes }, axes) }, shape, { keep_dims = 1 })
end

function layers:reshape(x, shape)
  local name = self:fresh("reshape")
  return self:node("reshape", name, { x, ints(self, name .. "/shape", { #shape }, shape) }, shape, {})
end
function layers:flatten(x) return self:reshape(x, { x.shape[1], product(x.shape) // x.shape[1] }) end

-- Zero padding of height and width: top, bottom, left, right.
function layers:pad(x, t, b, l, r)
  local name = self:fresh("pad")
  local n, h, w, c = table.unpack(x.shape)
  return self:node("pad", name, { x, ints(self, name .. "/paddings", { 4, 2 }, { 0, 0, t, b, l, r, 0, 0 }) }, { n, h + t + b, w + l + r, c }, {})
end

-- Elementwise; dimensions of 1 are repeated.
local function pairwise(op)
  return function(self, a, b, act)
    local long, short = a.shape, b.shape
    if #short > #long then long, short = short, long end
    local shape = { table.unpack(long) }
    for i = 1, #short do
      local at = #long - #short + i
      shape[at] = math.max(shape[at], short[i])
    end
    return self:node(op, self:fresh(op), { a, b }, shape, { activation = act or "none" })
  end
end
layers.add, layers.sub, layers.mul = pairwise "add", pairwise "sub", pairwise "mul"

function layers:transpose(x, order)
  local name, shape = self:fresh("transpose"), {}
  for i, from in ipairs(order) do shape[i] = x.shape[from + 1] end
  return self:node("transpose", name, { x, ints(self, name .. "/order", { #order }, order) }, shape, {})
end

function layers:slice(x, begin, size)
  local name = self:fresh("slice")
  return self:node("slice", name, { x, ints(self, name .. "/begin", { #begin }, begin), ints(self, name .. "/size", { #size }, size) },
    size, {})
end

-- Rows of a table by number.
function layers:gather(rows, ids)
  local shape = { table.unpack(ids.shape) }
  for i = 2, #rows.shape do shape[#shape + 1] = rows.shape[i] end
  return self:node("gather", self:fresh("gather"), { rows, ids }, shape, { axis = 0 })
end

-- Products of stacks of matrices, a b or with turned a b'.
function layers:matmul(a, b, turned)
  local shape = { table.unpack(a.shape) }
  shape[#shape] = turned and b.shape[#b.shape - 1] or b.shape[#b.shape]
  return self:node("batch_matmul", self:fresh("matmul"), { a, b }, shape, { adj_x = 0, adj_y = turned and 1 or 0 })
end

-- Each pixel `times` by `times`.
function layers:upsample(x, times)
  local name = self:fresh("upsample")
  local n, h, w, c = table.unpack(x.shape)
  return self:node("resize_nearest", name, { x, ints(self, name .. "/size", { 2 }, { h * times, w * times }) },
    { n, h * times, w * times, c }, { align_corners = 0, half_pixel_centers = 0 })
end

-- Transposed convolution, padding "same".
function layers:conv_transpose(a)
  local x, name = a[1], a.name or self:fresh("conv_transpose")
  local n, h, w, c = table.unpack(x.shape)
  local kh, kw = pair(a.kernel, 3)
  local sh, sw = pair(a.stride, 1)
  local shape = { n, h * sh, w * sw, a.filters }
  return self:node("transpose_conv", name, { ints(self, name .. "/shape", { 4 }, shape),
    self:weights(name, { a.filters, kh, kw, c }, kh * kw * c, 0, a.gain), x, self:bias(name, a.filters) }, shape,
    { padding = "same", stride_h = sh, stride_w = sw })
end

-- Joins along dimension `axis` (from 0); concat: along the channels.
function layers:join(list, axis)
  local shape = { table.unpack(list[1].shape) }
  shape[axis + 1] = 0
  for _, x in ipairs(list) do shape[axis + 1] = shape[axis + 1] + x.shape[axis + 1] end
  return self:node("concat", self:fresh("concat"), list, shape, { axis = axis, activation = "none" })
end
function layers:concat(list) return self:join(list, #list[1].shape - 1) end

function layers:softmax(x) return self:node("softmax", self:fresh("softmax"), { x }, x.shape, { beta = 1.0 }) end
for _, op in ipairs { "logistic", "relu", "relu6", "tanh", "hard_swish", "gelu", "rsqrt" } do
  layers[op] = function(self, x) return self:node(op, self:fresh(op), { x }, x.shape, {}) end
end

-- Ends the network: the outputs in order, what was published about it, and the forms it is exported in (int8).
function layers:done(a)
  local outputs = {}
  for i, t in ipairs(a) do outputs[i] = t.index end
  for _, t in ipairs(self.tensors) do t.index = nil end
  return { name = self.name, summary = self.summary, seed = self.seed, tensors = self.tensors, nodes = self.nodes,
    inputs = self.inputs, outputs = outputs, published = a.published, forms = a.forms }
end

-- One operator as a network of its own, from a case as rg.op writes it: kind, input (shape) and the layer's parameters.
-- Operators of two tensors take `second`, the shape of the other.
local kinds = {
  conv2d = function(m, c) return m:conv(c) end,
  depthwise_conv2d = function(m, c) return m:depthwise(c) end,
  transpose_conv = function(m, c) return m:conv_transpose(c) end,
  fully_connected = function(m, c) return m:dense(c) end,
  average_pool2d = function(m, c) return m:average_pool(c) end,
  max_pool2d = function(m, c) return m:max_pool(c) end,
  mean = function(m, c) return c.kept and m:mean_kept(c[1]) or m:mean(c[1]) end,
  add = function(m, c) return m:add(c[1], c.other or c[1], c.act) end,
  sub = function(m, c) return m:sub(c[1], c.other or c[1], c.act) end,
  mul = function(m, c) return m:mul(c[1], c.other or c[1], c.act) end,
  batch_matmul = function(m, c) return m:matmul(c[1], c.other or c[1], c.turned) end,
  concat = function(m, c) return m:join({ c[1], c.other or c[1] }, c.axis or #c.input - 1) end,
  pad = function(m, c) return m:pad(c[1], table.unpack(c.border)) end,
  transpose = function(m, c) return m:transpose(c[1], c.order) end,
  slice = function(m, c) return m:slice(c[1], c.begin, c.size) end,
  reshape = function(m, c) return m:reshape(c[1], c.size) end,
  resize_nearest = function(m, c) return m:upsample(c[1], c.times or 2) end,
  gather = function(m, c) return m:gather(m:table { shape = { c.words, c.units } }, c[1]) end,
}
for _, kind in ipairs { "softmax", "logistic", "relu", "relu6", "tanh", "hard_swish", "gelu", "rsqrt" } do
  kinds[kind] = function(m, c) return m[kind](m, c[1]) end
end
local keys = {}
for key in ("kind input second filters kernel stride padding act groups multiplier units kept turned axis border order begin size times words"):gmatch "%S+" do
  keys[key] = true
end

function net.case(case, name)
  local build = kinds[case.kind]
  if not build then
    local known = {}
    for kind in pairs(kinds) do known[#known + 1] = kind end
    error(("no operator case for '%s'; known: %s"):format(tostring(case.kind), table.concat(known, " ")), 0)
  end
  local c = {}
  for key, value in pairs(case) do
    if not keys[key] then error(("an operator case has no '%s'"):format(tostring(key)), 0) end
    c[key] = value
  end
  local m = net.new { name = name or case.kind }
  -- roots are taken of what is positive
  local low = case.kind == "rsqrt" and 0.05 or -1
  c[1] = m:more_input { name = "input", shape = case.input, low = low, ids = case.words }
  if case.second then c.other = m:more_input { name = "second", shape = case.second } end
  return m:done { build(m, c) }
end

return net

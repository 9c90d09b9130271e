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

function net.new(spec)
  local m = setmetatable({ name = spec.name, summary = spec.summary or "", seed = spec.seed or 1, tensors = {}, nodes = {} }, layers)
  m.input = m:tensor { name = "input", shape = spec.input, kind = "input", low = spec.low or -1, high = spec.high or 1 }
  return m
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

function layers:add(a, b, act) return self:node("add", self:fresh("add"), { a, b }, a.shape, { activation = act or "none" }) end

-- Joins along the channels.
function layers:concat(list, act)
  local shape = { table.unpack(list[1].shape) }
  shape[#shape] = 0
  for _, x in ipairs(list) do shape[#shape] = shape[#shape] + x.shape[#shape] end
  return self:node("concat", self:fresh("concat"), list, shape, { axis = #shape - 1, activation = act or "none" })
end

function layers:softmax(x) return self:node("softmax", self:fresh("softmax"), { x }, x.shape, { beta = 1.0 }) end
function layers:logistic(x) return self:node("logistic", self:fresh("logistic"), { x }, x.shape, {}) end
function layers:relu(x) return self:node("relu", self:fresh("relu"), { x }, x.shape, {}) end
function layers:relu6(x) return self:node("relu6", self:fresh("relu6"), { x }, x.shape, {}) end

-- Ends the network: the outputs in order, and what was published about it.
function layers:done(a)
  local outputs = {}
  for i, t in ipairs(a) do outputs[i] = t.index end
  for _, t in ipairs(self.tensors) do t.index = nil end
  return { name = self.name, summary = self.summary, seed = self.seed, tensors = self.tensors, nodes = self.nodes,
    inputs = { 0 }, outputs = outputs, published = a.published }
end

-- One operator as a network of its own, from a case as rg.op writes it: kind, input (shape), and the layer's parameters.
local kinds = {
  conv2d = function(m, c) return m:conv(c) end,
  depthwise_conv2d = function(m, c) return m:depthwise(c) end,
  fully_connected = function(m, c) return m:dense(c) end,
  average_pool2d = function(m, c) return m:average_pool(c) end,
  max_pool2d = function(m, c) return m:max_pool(c) end,
  softmax = function(m, c) return m:softmax(c[1]) end,
  logistic = function(m, c) return m:logistic(c[1]) end,
  relu = function(m, c) return m:relu(c[1]) end,
  relu6 = function(m, c) return m:relu6(c[1]) end,
  mean = function(m, c) return m:mean(c[1]) end,
  add = function(m, c) return m:add(c[1], c[1], c.act) end,
}
local keys = { kind = true, input = true, filters = true, kernel = true, stride = true, padding = true, act = true, groups = true,
  multiplier = true, units = true }

function net.case(case)
  local build = kinds[case.kind]
  if not build then
    local known = {}
    for kind in pairs(kinds) do known[#known + 1] = kind end
    error(("no operator case for '%s'; known: %s"):format(tostring(case.kind), table.concat(known, " ")), 0)
  end
  for key in pairs(case) do
    if not keys[key] then error(("an operator case has no '%s'"):format(tostring(key)), 0) end
  end
  local m = net.new { name = case.kind, input = case.input }
  case[1] = m.input
  return m:done { build(m, case) }
end

return net

-- model.lua: the bundles as C hands them over (docs in bench/result/report.h) turned into cells
-- that templates can ask: what came out, may it be ranked and against what, which is best.
local words = require("words")

local model = {}

local REFUSED = { unsupported = true, absent = true, denied = true, failed = true,
  interrupted = true, ["no-memory"] = true, timeout = true, invalid = true, io = true }

-- The member a.b.c of nested tables, or nil.
function model.dig(table_, path)
  local value = table_
  for key in path:gmatch("[^.]+") do
    if type(value) ~= "table" then return nil end
    value = value[key]
  end
  return value
end
local dig = model.dig

-- The first path that leads to something (an empty text or table is nothing).
function model.first(table_, ...)
  for _, path in ipairs({ ... }) do
    local value = dig(table_, path)
    local empty = value == nil or value == "" or (type(value) == "table" and next(value) == nil)
    if not empty then return value end
  end
end

local function clean_or(value, preset)
  if value == nil or type(value) == "table" then return preset end
  return words.clean(value)
end

local function list_of(value)
  local list = {}
  for i, item in ipairs(type(value) == "table" and value or {}) do list[i] = words.clean(item) end
  return list
end

local function holds(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then return true end
  end
  return false
end
model.holds = holds

-- A double stands in for a device or sensor in tests; its name says so.
local function is_double(text)
  return type(text) == "string" and (text:find("double", 1, true) or text:find("^fake")) ~= nil
end

local function pattern_text(plan)
  local pattern = plan.pattern
  if type(pattern) ~= "table" then return clean_or(pattern, "") end
  local kind = clean_or(pattern.kind or pattern.name, "")
  local n = pattern.in_flight or pattern.n
  n = kind == "in_flight" and n or type(pattern.hz) == "number" and string.format("%.6g", pattern.hz)
  return n and kind .. "{" .. words.clean(n) .. "}" or kind
end

local function number_or_nil(value) return type(value) == "number" and value or nil end

-- An interval is one only with both ends.
local function interval_of(from)
  local low, high = number_or_nil(from.low), number_or_nil(from.high)
  if low and high then return low, high end
end

-- The record's figures, whatever a stranger wrote there: numbers are numbers, a missing one has a
-- reason, each knows its provenance.
local function figures_of(record, provenance)
  local figures = {}
  for key, figure in pairs(type(record.figures) == "table" and record.figures or {}) do
    if type(figure) == "table" then
      local own = {}
      for name, value in pairs(figure) do own[name] = value end
      own.provenance = clean_or(figure.provenance, provenance)
      own.value, own.n = number_or_nil(figure.value), number_or_nil(figure.n)
      own.low, own.high = interval_of(figure)
      own.no_interval = clean_or(figure.no_interval)
      own.na = clean_or(own.na, not own.value and "not-available" or nil)
      local within = model.dig(record, "within_process." .. key)
      if type(within) == "table" then own.within_low, own.within_high = interval_of(within) end
      figures[key] = own
    end
  end
  return figures
end

local function merge(plan, record)
  local all = {}
  for _, source in ipairs({ plan.requested or {}, plan, record }) do
    if type(source) == "table" then
      for key, value in pairs(source) do all[key] = value end
    end
  end
  return all
end

local function new_cell(bundle, plan, record)
  local all = merge(plan, record)
  local provenance = clean_or(record.provenance, "measured")
  local cell = {
    bundle = bundle, record = record, plan = plan,
    key = clean_or(all.key or (type(all.cell) == "string" and all.cell), ""),
    name = clean_or(all.name, "(no name)"), workload = clean_or(all.workload, ""),
    target = clean_or(all.target, ""), device = clean_or(all.device, ""),
    precision = clean_or(all.precision, ""), batch = clean_or(all.batch, "1"),
    pattern = pattern_text(all), status = clean_or(all.status, "interrupted"),
    what = clean_or(all.what, ""), advice = clean_or(all.advice, ""),
    flags = list_of(record.flags), provenance = provenance,
    rounds = tonumber(record.rounds_ok or record.rounds) or 0,
  }
  cell.figures = figures_of(record, provenance)
  cell.samples = (bundle.samples or {})[cell.key]
  cell.double = model.first(record, "context.device_facts.double") ~= nil
    or model.first(plan, "admission.device_facts.double") ~= nil or is_double(cell.target) or is_double(cell.device) or is_double(all.sensor)
  cell.within_one_process = cell.rounds == 1 or holds(cell.flags, "within-one-process")
  return cell
end

local function unmeasured(plan, bundle)
  local said = type(plan.admission) == "table" and plan.admission or plan
  if said.status and said.status ~= "ok" then
    return { status = said.status, what = said.what, advice = said.advice }
  end
  return { status = "interrupted",
    what = bundle.finished and "no record of this cell was written"
      or "the run ended before this cell was measured",
    advice = "finish it with `railgauge run --resume " .. words.clean(bundle.dir) .. "`" }
end

-- The part of a cell's fate that forbids ranking it, in words; nil when it may be ranked.
local function why_not_ranked(cell)
  if cell.status == "wrong" then return "its output differs from the reference" end
  if cell.status ~= "ok" then return "it ended " .. cell.status end
  if cell.double then return "a test double stands in for the device" end
  if cell.provenance == "imported" then return "another tool measured it, elsewhere" end
  if cell.within_one_process then return "its interval holds within one process only" end
end

local function cells_of(bundle)
  local records, planned, cells = {}, {}, {}
  for _, record in ipairs(bundle.records or {}) do
    local key = record.key or record.cell
    if key then records[key] = record end
  end
  for _, plan in ipairs(bundle.cells or {}) do
    local key = plan.key or plan.cell
    if key and not planned[key] then
      planned[key] = true
      cells[#cells + 1] = new_cell(bundle, plan, records[key] or unmeasured(plan, bundle))
    end
  end
  for _, record in ipairs(bundle.records or {}) do
    local key = record.key or record.cell
    if not (key and planned[key]) then cells[#cells + 1] = new_cell(bundle, {}, record) end
  end
  return cells
end

local function has_value(cell)
  for _, figure in pairs(cell.figures) do
    if figure.value then return true end
  end
  return false
end

local function of_energy(key)
  return key:find("energy", 1, true) or key:find("power", 1, true) or key:find("watt", 1, true)
end

-- Energy of seeded weights is shown, never ranked: data alone can move it.
function model.indicative(cell, key)
  return of_energy(key) and holds(cell.flags, "indicative")
end

-- Energy figures of two scopes are different quantities.
function model.scope(cell, key)
  if not of_energy(key) then return "" end
  local figure = cell.figures[key] or {}
  return tostring(figure.scope or model.first(cell.record, "energy.scope", "power.scope",
    "context.energy.scope", "context.power.scope", "scope") or "")
end

local function competitors(cells, key)
  local groups, order = {}, {}
  for _, cell in ipairs(cells) do
    local figure = cell.figures[key]
    local comparable = cell.rankable and not model.indicative(cell, key)
    if comparable and figure and figure.value and figure.provenance == cell.provenance then
      local id = cell.group .. "\0" .. model.scope(cell, key)
      if not groups[id] then
        groups[id] = {}
        order[#order + 1] = groups[id]
      end
      table.insert(groups[id], cell)
    end
  end
  return order
end

-- Ranks `cells` by one figure: a list of {workload=, cells=best first, winner=cell or nil}. A
-- winner exists only where its interval lies clear of every other's.
function model.ranking(cells, key, better)
  local result = {}
  for _, group in ipairs(competitors(cells, key)) do
    if #group > 1 then
      local sign = better == "higher" and -1 or 1
      table.sort(group, function(a, b)
        local x, y = sign * a.figures[key].value, sign * b.figures[key].value
        if x ~= y then return x < y end
        return a.number < b.number
      end)
      local winner, best = group[1], group[1].figures[key]
      for i = 2, #group do
        local other = group[i].figures[key]
        local bounded = best.low and best.high and other.low and other.high
        local clear = bounded and (sign > 0 and best.high < other.low or sign < 0 and best.low > other.high)
        if not clear then winner = nil end
      end
      result[#result + 1] = { workload = group[1].workload, pattern = group[1].pattern,
        cells = group, winner = winner }
    end
  end
  return result
end

-- Marks the best cell of every group in every figure that has a direction: cell.best[key] = true.
local function mark_best(cells, fields)
  for _, field in ipairs(fields) do
    if field.better == "lower" or field.better == "higher" then
      for _, rank in ipairs(model.ranking(cells, field.key, field.better)) do
        if rank.winner then rank.winner.best[field.key] = true end
      end
    end
  end
end

-- data -> {cells, measured, simulated, imported, doubles, refused, bundles, fields, codes, mixed}.
-- cells: all; measured and simulated: those with figures, by provenance ("simulated" or not);
-- doubles: those of test doubles, which stand in no ranked table;
-- refused: those that ended without figures.
function model.build(data)
  local m = { cells = {}, measured = {}, simulated = {}, imported = {}, doubles = {}, refused = {}, bundles = data.bundles,
    fields = data.fields, codes = data.codes, field = {}, options = data.options or {} }
  for _, field in ipairs(data.fields) do m.field[field.key] = field end
  for _, bundle in ipairs(data.bundles) do
    bundle.clean_cells = cells_of(bundle)
    for _, cell in ipairs(bundle.clean_cells) do
      m.cells[#m.cells + 1] = cell
      cell.number, cell.best = #m.cells, {}
      cell.why_not_ranked = why_not_ranked(cell)
      cell.rankable = cell.why_not_ranked == nil
      cell.group = table.concat({ cell.workload, cell.pattern, cell.batch }, "\0")
      local pool = cell.double and m.doubles or cell.provenance == "simulated" and m.simulated
        or cell.provenance == "imported" and m.imported or m.measured
      if has_value(cell) then pool[#pool + 1] = cell end
      if REFUSED[cell.status] or not has_value(cell) then m.refused[#m.refused + 1] = cell end
    end
  end
  m.mixed = #m.simulated > 0 and #m.measured > 0
  for _, cell in ipairs(m.mixed and m.simulated or {}) do
    cell.rankable = false
    cell.why_not_ranked = cell.why_not_ranked or "simulated cells never rank beside measured ones"
  end
  mark_best(m.measured, data.fields)
  mark_best(m.simulated, data.fields)
  return m
end

-- The cell's name, with the bundle's letter when there are several.
function model.label(m, cell)
  return #m.bundles > 1 and cell.name .. " [" .. cell.bundle.label .. "]" or cell.name
end

return model

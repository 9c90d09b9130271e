-- placement.lua: what ran where: a cell's placement in words, its engines as a table, the library
-- behind it, and the times of its operators. What nobody could tell is "unknown".
local doc = require("doc")
local model = require("model")
local units = require("units")
local words = require("words")

local placement = {}

local function of(cell)
  local block = model.dig(cell.record, "context.placement")
  return type(block) == "table" and block or nil
end

local function number(value) return type(value) == "number" and value or nil end

-- 0.9984 -> "99.84 %"; whole only where it is so.
local function share(part, whole)
  if not part or not whole or whole <= 0 then return nil end
  if part >= whole then return "100 %" end
  local percent = math.min(100 * part / whole, 99.99)
  return string.format(percent >= 99 and "%.2f %%" or "%.1f %%", percent)
end

-- "all 13 nodes", "29 of 31 nodes, 99.8 % of MACs", "unknown"; nil where nothing was asked.
function placement.text(cell)
  local block = of(cell)
  if not block then return nil end
  local all, there = number(block.nodes), number(block.nodes_on_target)
  if block.known ~= true or not all or not there then return "unknown" end
  if there >= all then return "all " .. units.grouped(all) .. " nodes" end
  local macs = share(number(block.macs_on_target), number(block.macs))
  return units.grouped(there) .. " of " .. units.grouped(all) .. " nodes, " ..
    (macs and macs .. " of MACs" or "MACs unknown")
end

-- Any cell of which something is known, or that somebody asked in vain.
function placement.any(cells)
  for _, cell in ipairs(cells) do
    if of(cell) then return true end
  end
  return false
end

local function text_column(key, label, priority, more)
  local column = { key = key, label = label, type = "text", priority = priority }
  for name, value in pairs(more or {}) do column[name] = value end
  return column
end

local function figure_column(key, label, unit, priority)
  return { key = key, label = label, type = "figure", unit = unit, align = "right", priority = priority }
end

local function figure(value) return value and { value = value } or { na = "unknown" } end

local function engine_rows(m, cell, rows)
  local block = of(cell)
  local engines = type(block.engines) == "table" and block.engines or {}
  if block.known ~= true then engines = {} end
  local shared = { number = "#" .. cell.number, name = model.label(m, cell),
    crossings = number(block.crossings) and units.grouped(block.crossings) or "unknown",
    how = words.clean(block.how or "unknown"),
    stays = block.stays and words.clean(block.stays) or block.known == true and "none" or "unknown" }
  if #engines == 0 then
    engines = { { name = "unknown", nodes = number(block.nodes_on_target), macs = number(block.macs_on_target) } }
  end
  for _, engine in ipairs(engines) do
    local cells = { engine = words.clean(engine.name) .. (engine.host and " (host)" or ""),
      nodes = number(engine.nodes) and units.grouped(engine.nodes) or "unknown",
      macs = share(number(engine.macs), number(block.macs)) or "unknown",
      time = figure(number(engine.ns)) }
    for key, value in pairs(shared) do cells[key] = value end
    rows[#rows + 1] = { cells = cells, provenance = cell.provenance }
  end
end

-- Engines of each cell: nodes, MACs, time, crossings, what stayed on the host, and how it is known.
function placement.table(m)
  local rows, timed = {}, false
  for _, cell in ipairs(m.cells) do
    if of(cell) then engine_rows(m, cell, rows) end
  end
  if #rows == 0 then return nil end
  for _, row in ipairs(rows) do timed = timed or row.cells.time.value end
  local columns = { text_column("number", "#", 0, { align = "right", keep = true }),
    text_column("name", "cell", 0, { shorten = true, keep = true }),
    text_column("engine", "engine", 1, { keep = true }),
    text_column("nodes", "nodes", 1, { align = "right", keep = true }),
    text_column("macs", "MACs", 1, { align = "right", keep = true }) }
  if timed then columns[#columns + 1] = figure_column("time", "time", "ns", 2) end
  columns[#columns + 1] = text_column("crossings", "crossings", 2, { align = "right" })
  columns[#columns + 1] = text_column("stays", "off the target", 2, { wrap = true })
  columns[#columns + 1] = text_column("how", "known by", 3)
  return doc.table { id = "placement", caption = "What ran where", columns = columns, rows = rows,
    notes = { "Nodes are those of the source graph, or what the runtime kept of them. Crossings: how often" ..
      " one inference goes between host and target." } }
end

-- The library and the device behind the cells, each once: {"library of #1 #2", text}.
function placement.libraries(bundle, rows)
  local seen, order = {}, {}
  for _, cell in ipairs(bundle.clean_cells) do
    local facts = model.first(cell.record, "context.device_facts") or model.first(cell.plan, "admission.device_facts")
    if type(facts) == "table" then
      local parts, keys = {}, {}
      for key in pairs(facts) do keys[#keys + 1] = key end
      table.sort(keys)
      for _, key in ipairs(keys) do
        parts[#parts + 1] = words.clean(key):gsub("_", " ") .. " " .. words.clean(facts[key])
      end
      local id = cell.target .. "\0" .. table.concat(parts, ", ")
      if not seen[id] then
        seen[id] = { label = "runtime " .. cell.target, text = table.concat(parts, ", "), cells = {} }
        order[#order + 1] = seen[id]
      end
      table.insert(seen[id].cells, "#" .. cell.number)
    end
  end
  for _, entry in ipairs(order) do
    rows[#rows + 1] = { entry.label, entry.text .. " (" .. words.join(entry.cells, 8) .. ")" }
  end
end

local function sum_of(block)
  local sum = 0
  for _, node in ipairs(block.nodes) do sum = sum + (number(node.median_ns) or 0) end
  return sum
end

local function operator_rows(block)
  local rows, sum = {}, sum_of(block)
  for _, node in ipairs(block.nodes) do
    local ns = number(node.median_ns)
    local joined = node.computed_in ~= node.node
    rows[#rows + 1] = { cells = { node = tostring(node.node), operator = words.clean(node.operator or ""),
      output = words.clean(node.output or ""), time = figure(ns),
      share = ns and sum > 0 and string.format("%.1f %%", 100 * ns / sum) or "unknown",
      by = joined and "in node " .. words.clean(node.computed_in) or words.clean(node.kernel or "") } }
  end
  return rows
end

-- Times of operators, a table a cell that was asked for them.
function placement.operators(m)
  local nodes = {}
  for _, cell in ipairs(m.cells) do
    local block = model.dig(cell.record, "context.per_op")
    if type(block) == "table" and type(block.nodes) == "table" and #block.nodes > 0 then
      nodes[#nodes + 1] = doc.table { id = "operators-" .. cell.number,
        caption = "#" .. cell.number .. " " .. model.label(m, cell) .. ": median of " ..
          words.clean(block.runs or "?") .. " runs, " ..
          units.text({ value = number(block.whole_median_ns) }, "ns") .. " an inference; operators together " ..
          units.text({ value = sum_of(block) }, "ns") .. " with counting on",
        rows = operator_rows(block), columns = {
          text_column("node", "node", 0, { align = "right", keep = true }),
          text_column("operator", "operator", 0, { keep = true }),
          text_column("output", "output", 2, { keep = true }),
          figure_column("time", "time", "ns", 1),
          text_column("share", "share", 1, { align = "right", keep = true }),
          text_column("by", "computed by", 2, { keep = true }) } }
    elseif type(block) == "table" then
      nodes[#nodes + 1] = doc.paragraph { text = "#" .. cell.number .. " " .. model.label(m, cell) ..
        ": times of operators n/a (" .. words.clean(block.what or block.na or "not-available") .. ")" }
    end
  end
  return #nodes > 0 and doc.section { title = "Operators", id = "operators", nodes = nodes } or nil
end

-- "What ran where" as a section of its own; nil where no cell was asked.
function placement.section(m)
  local list = placement.table(m)
  return list and doc.section { title = "Placement", id = "where", nodes = { list } } or nil
end

return placement

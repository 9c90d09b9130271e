-- parts.lua: the table of parts of cells: the same requests without a disturbance, each model of a
-- mix. A record tells them as a list of name, number of requests and figures.
local doc = require("doc")
local model = require("model")
local words = require("words")

local parts = {}

local SHOWN = { { "latency_p50_ns", "p50" }, { "latency_p95_ns", "p95", interval = true }, { "latency_max_ns", "max" } }

-- A figure as tables show it; what a stranger wrote there is n/a.
local function figure(part, key)
  local told = type(part.figures) == "table" and part.figures[key]
  if type(told) ~= "table" then return { na = "not-measured" } end
  if type(told.value) ~= "number" then return { na = type(told.na) == "string" and words.clean(told.na) or "not-available" } end
  local whole = type(told.low) == "number" and type(told.high) == "number"
  return { value = told.value, low = whole and told.low or nil, high = whole and told.high or nil }
end

local function row(m, cell, part)
  local cells = { number = "#" .. cell.number, name = model.label(m, cell),
    part = type(part.name) == "string" and words.clean(part.name) or "?",
    n = math.type(part.n) == "integer" and tostring(part.n) or "?" }
  for _, column in ipairs(SHOWN) do
    cells[column[1]] = figure(part, column[1])
    cells[column[1]].show_interval = column.interval
  end
  return { cells = cells, provenance = cell.provenance }
end

-- The table, or nil where no cell has parts.
function parts.table(m)
  local rows = {}
  for _, cell in ipairs(m.cells) do
    local list = cell.record and cell.record.parts
    for _, part in ipairs(type(list) == "table" and list or {}) do
      if type(part) == "table" then rows[#rows + 1] = row(m, cell, part) end
    end
  end
  if #rows == 0 then return nil end
  local columns = { { key = "number", label = "#", type = "text", priority = 0, align = "right", keep = true },
    { key = "name", label = "cell", type = "text", priority = 0, shorten = true, keep = true },
    { key = "part", label = "part", type = "text", priority = 0 },
    { key = "n", label = "n", type = "text", priority = 2, align = "right" } }
  for _, column in ipairs(SHOWN) do
    columns[#columns + 1] = { key = column[1], label = column[2], type = "figure", unit = "ns", align = "right",
      priority = 1, interval = column.interval, scale = "latency" }
  end
  return doc.table { id = "parts", caption = "Parts of cells", columns = columns, rows = rows,
    notes = { "alone: the same requests in the same round before the disturbance began." } }
end

return parts

-- overview.lua: one figure of the same workloads on several targets, workload by workload: who is
-- here, what each takes, and in a word why one has no figure.
local doc = require("doc")
local model = require("model")
local units = require("units")

local overview = {}

local KEY = "latency_p95_ns"

-- "tflite xnnpack", "cpu": what a column stands for.
local function column_of(cell)
  local variant = model.first(cell.record, "variant") or model.first(cell.plan, "variant")
  return type(variant) == "string" and variant ~= "" and cell.target .. " " .. variant or cell.target
end

-- Cells by workload and column; nil where two cells share a place, which one table cannot show.
local function grid_of(m)
  local grid = { rows = {}, columns = {}, at = {} }
  local known = { rows = {}, columns = {} }
  local function note(list, name)
    if not known[list][name] then
      known[list][name] = true
      table.insert(grid[list], name)
    end
  end
  for _, cell in ipairs(m.cells) do
    local row, column = cell.workload, column_of(cell)
    note("rows", row)
    note("columns", column)
    grid.at[row] = grid.at[row] or {}
    if grid.at[row][column] then return nil end
    grid.at[row][column] = cell
  end
  return grid
end

-- Worth a table: several columns, and a workload that stands in more than one of them.
local function compares(grid)
  for _, row in pairs(grid.at) do
    local n = 0
    for _ in pairs(row) do n = n + 1 end
    if n > 1 then return #grid.columns <= 12 end
  end
  return false
end

-- The cell's figure, or the word for its fate: wrong and simulated ones say so beside it.
local function place(cell)
  if not cell then return "-" end
  local figure = cell.figures[KEY]
  if not figure or not figure.value then return cell.status ~= "ok" and cell.status or "n/a" end
  local text = units.text({ value = figure.value }, "ns")
  if cell.status ~= "ok" then return text .. " (" .. cell.status .. ")" end
  if cell.double then return text .. " (double)" end
  return cell.provenance ~= "measured" and text .. " (" .. cell.provenance .. ")" or text
end

-- p95 of each workload on each target; nil where there is one target only.
function overview.table(m)
  local grid = m.field[KEY] and grid_of(m)
  if not grid or not compares(grid) then return nil end
  local columns = { { key = "workload", label = "workload", type = "text", priority = 0, shorten = true, keep = true } }
  for i, name in ipairs(grid.columns) do
    columns[#columns + 1] = { key = "c" .. i, label = name, type = "text", align = "right", priority = 1, keep = true }
  end
  local rows = {}
  for _, name in ipairs(grid.rows) do
    local cells = { workload = name ~= "" and name or "(unnamed)" }
    for i, column in ipairs(grid.columns) do cells["c" .. i] = place(grid.at[name][column]) end
    rows[#rows + 1] = { cells = cells }
  end
  return doc.table { id = "overview", caption = "p95 latency by workload and target", columns = columns, rows = rows }
end

return overview

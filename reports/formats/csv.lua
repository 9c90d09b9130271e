-- csv.lua: the data of a report in long form, one row a cell and figure: RFC 4180, point as decimal
-- sign, every digit. Foreign text stays as it is, quoted.
local doc = require("doc")

local COLUMNS = { "bundle", "cell", "key", "workload", "target", "device", "pattern", "status",
  "provenance", "ranked", "rounds", "metric", "unit", "better", "value", "low", "high", "n", "na",
  "no_interval", "best", "flags", "what", "try" }

local function number(value)
  if value == nil then return "" end
  if math.type(value) == "integer" then return string.format("%d", value) end
  if value == math.floor(value) and math.abs(value) < 1e15 then return string.format("%.0f", value) end
  return string.format("%.17g", value)
end

local function quoted(text)
  text = tostring(text)
  if text:find('[,"\r\n]') then return '"' .. text:gsub('"', '""') .. '"' end
  return text
end

local function fields_of(cell)
  local raw = cell.record.name or cell.plan.name or cell.name
  return { bundle = cell.bundle.dir, cell = raw, key = cell.key, workload = cell.workload,
    target = cell.target, device = cell.device, pattern = cell.pattern, status = cell.status,
    ranked = cell.rankable and "yes" or "no", rounds = number(cell.rounds),
    provenance = cell.provenance, flags = table.concat(cell.flags, " "),
    what = cell.record.what or cell.plan.what or cell.what,
    ["try"] = cell.record.advice or cell.plan.advice or cell.advice }
end

local function emit(lines, values)
  local row = {}
  for i, name in ipairs(COLUMNS) do row[i] = quoted(values[name] == nil and "" or values[name]) end
  lines[#lines + 1] = table.concat(row, ",")
end

local function figure_row(cell, field, figure)
  local values = fields_of(cell)
  values.metric, values.unit, values.better = field.key, field.unit, field.better
  values.provenance = figure.provenance
  values.value, values.low, values.high = number(figure.value), number(figure.low), number(figure.high)
  values.n, values.na = number(figure.n), figure.value and "" or figure.na
  values.no_interval = figure.no_interval or ""
  values.best = cell.best[field.key] and "yes" or "no"
  return values
end

local function render(document)
  local lines = { table.concat(COLUMNS, ",") }
  for _, data in ipairs(doc.all(document, "dataset")) do
    for _, cell in ipairs(data.cells) do
      local any = false
      for _, field in ipairs(data.fields) do
        local figure = cell.figures[field.key]
        if figure then
          emit(lines, figure_row(cell, field, figure))
          any = true
        end
      end
      if not any then emit(lines, fields_of(cell)) end
    end
  end
  return table.concat(lines, "\r\n") .. "\r\n"
end

return { name = "csv", summary = "one row a cell and figure, RFC 4180, full precision",
  extensions = { ".csv" }, render = render }

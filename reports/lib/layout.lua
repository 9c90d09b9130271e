-- layout.lua: a table node worked out for people: one unit a column, constant columns hoisted
-- above the table, each figure with interval, mark and reason. Text, Markdown and HTML draw the
-- result, so they always agree.
local units = require("units")
local words = require("words")

local layout = {}

-- Text of one figure in its column: {text=, sort of parts for HTML}.
local function figure_view(figure, column)
  if type(figure) ~= "table" then return { text = tostring(figure or "n/a (not-measured)"), na = true } end
  local parts = units.parts(figure, column.unit, column.step, figure.show_interval)
  if parts.na then return { text = parts.na, na = true, provenance = figure.provenance } end
  local view = { number = parts.number, best = figure.best, provenance = figure.provenance,
    mark = figure.mark, title = units.text(figure, column.unit) }
  if not column.step and parts.unit ~= "" then
    view.number = view.number .. (parts.unit:sub(1, 1) == "/" and "" or " ") .. parts.unit
  end
  if figure.show_interval then
    view.interval = parts.interval or "[n/a (" .. (figure.no_interval or
      (figure.within_one_process and "rounds<2") or "not-available") .. ")]"
    view.within = figure.within_one_process and parts.interval and true or nil
  end
  view.text = view.number .. (view.interval and " " .. view.interval or "")
  return view
end

-- The longest text that every figure column's header can say about its unit.
local function heading(column)
  local unit = column.step and column.step[2] or ""
  local label = column.label .. (unit ~= "" and unit ~= column.label and " (" .. unit .. ")" or "")
  if column.label == "inferences/s" then label = unit == "M/s" and "M inferences/s" or column.label end
  if column.label == "TOPS" and unit ~= "" then label = unit end
  if column.label == "TOPS/W" and unit ~= "" then label = unit end
  return column.interval and label .. " [95 %]" or label
end

-- Figures of a column, and of all that share its scale, so that p50 and p95 have one unit.
local function values_of(node, column)
  local list = {}
  for _, other in ipairs(node.columns) do
    if other.key == column.key or (column.scale and other.scale == column.scale) then
      for _, row in ipairs(node.rows) do
        local value = row.cells[other.key]
        if type(value) == "table" then list[#list + 1] = value end
      end
    end
  end
  return list
end

local function prepare_columns(node)
  local columns = {}
  for i, column in ipairs(node.columns) do
    local own = {}
    for key, value in pairs(column) do own[key] = value end
    if column.type == "figure" then own.step = units.common(column.unit, values_of(node, column)) end
    own.heading = column.type == "figure" and heading(own) or column.label
    columns[i] = own
  end
  return columns
end

local function view_of(row, column)
  local value = row.cells[column.key]
  if column.type == "figure" then return figure_view(value, column) end
  return { text = value == nil and "n/a (not-measured)" or tostring(value),
    status = column.type == "status" and tostring(value) or nil }
end

-- True when a column says the same in every row and nothing is lost by saying it above the table.
local function is_constant(rows, i, column)
  if column.keep or #rows == 0 then return false end
  for _, row in ipairs(rows) do
    local view = row.views[i]
    if view.text ~= rows[1].views[i].text or view.best or view.mark then return false end
    if column.type == "figure" and not view.na then return false end
  end
  return true
end

-- Same text under several headings is told once: "energy, TOPS/W: n/a (no-sensor)".
local function hoist_text(hoisted)
  local by_text, order, lines = {}, {}, {}
  for _, item in ipairs(hoisted) do
    if not by_text[item.text] then
      by_text[item.text] = {}
      order[#order + 1] = item.text
    end
    table.insert(by_text[item.text], item.label)
  end
  for _, text in ipairs(order) do lines[#lines + 1] = table.concat(by_text[text], ", ") .. ": " .. text end
  return lines
end

-- node -> {columns={heading,align,priority,...}, rows={{views={...}, class=}}, hoisted={text...},
--          notes={...}, within=bool, marks=bool}
function layout.table(node)
  local columns = prepare_columns(node)
  local rows, plan = {}, { columns = {}, rows = {}, hoisted = {}, notes = node.notes or {} }
  for r, row in ipairs(node.rows) do
    rows[r] = { views = {}, class = row.class, provenance = row.provenance }
    for i, column in ipairs(columns) do
      local view = view_of(row, column)
      rows[r].views[i] = view
      plan.within = plan.within or view.within
      plan.best = plan.best or view.best
      column.has_best = column.has_best or view.best
    end
    plan.rows[r] = { views = {}, class = row.class, provenance = row.provenance }
  end
  local hoisted = {}
  for i, column in ipairs(columns) do
    if is_constant(rows, i, column) then
      hoisted[#hoisted + 1] = { label = column.label, text = rows[1].views[i].text }
    else
      table.insert(plan.columns, column)
      for r, row in ipairs(rows) do table.insert(plan.rows[r].views, row.views[i]) end
    end
  end
  plan.hoisted = hoist_text(hoisted)
  return plan
end

-- What a view says in full, in plain text: number, interval, its limits, foreign provenance.
function layout.plain(view, within_text)
  local text = view.text
  if view.within then text = text .. " " .. (within_text or "within one process") end
  if view.mark then text = text .. " (" .. words.clean(view.mark) .. ")" end
  return text
end

return layout

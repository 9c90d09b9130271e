-- tables.lua: the tables of a report: cells with their figures, bundles side by side, refusals
-- with what to try, and the numbers that are missing with their reason.
local doc = require("doc")
local model = require("model")
local placement = require("placement")
local units = require("units")
local words = require("words")

local tables = {}

-- Figures of the table of cells: key, heading, priority (folds first when high). Optional ones have
-- a column only where a cell has a value; `unit` is shown instead of the field's own.
local FIGURES = {
  { "latency_p50_ns", "p50", 2 }, { "latency_p95_ns", "p95", 1, interval = true },
  { "latency_p99_ns", "p99", 3 }, { "latency_p999_ns", "p99.9", 3, optional = true },
  { "deadline_miss_share", "missed", 2, interval = true, optional = true, unit = "share" },
  { "burst_p95_ns", "burst p95", 1, optional = true }, { "sustained_p95_ns", "steady p95", 1, optional = true },
  { "throttle_after_ns", "throttles after", 1, optional = true },
  { "load_cold_ns", "load", 1, optional = true, interval = true, pattern = "cold" },
  { "first_ns", "first", 1, optional = true, interval = true, pattern = "cold" },
  { "interfere_p95", "p95 / alone", 1, optional = true, interval = true },
  { "streams", "streams", 1, optional = true }, { "best_in_flight", "in flight", 2, optional = true },
  { "drop_share", "dropped", 2, optional = true, unit = "share" },
  { "device_mean_ns", "device mean", 4, optional = true },
  { "throughput_per_s", "inferences/s", 3 }, { "tokens_per_s", "tokens/s", 3, optional = true },
  { "achieved_tops", "TOPS", 3 }, { "rss_peak_bytes", "peak RSS", 4 },
  { "arena_bytes", "arena", 4 }, { "energy_total_uj", "energy/inference", 4, interval = true },
  { "tops_per_watt", "TOPS/W", 4 },
}

-- "bit-exact", "3 differ, 41.2 dB" or n/a with the reason.
local function agreement(cell)
  local differing = cell.figures.agreement_differing
  local sqnr = cell.figures.agreement_sqnr_db
  if not differing then return "n/a (not-measured)" end
  if not differing.value then return "n/a (" .. differing.na .. ")" end
  if differing.value == 0 then return "bit-exact" end
  local text = units.grouped(differing.value + 0.5) .. " differ"
  if sqnr and sqnr.value then text = text .. ", " .. units.text(sqnr, "dB") end
  return text
end

local function samples_text(cell)
  local p95 = cell.figures.latency_p95_ns
  local n = p95 and p95.n
  return n and n > 0 and units.grouped(n) or "n/a (not-run)"
end

local function figure_cell(cell, key, interval)
  local figure = cell.figures[key]
  if not figure then return { na = "not-measured" } end
  local shown = { value = figure.value, na = figure.na, n = figure.n, best = cell.best[key],
    low = figure.low, high = figure.high, show_interval = interval,
    within_one_process = cell.within_one_process, no_interval = figure.no_interval }
  if cell.within_one_process and not shown.low then
    shown.low, shown.high = figure.within_low, figure.within_high
  end
  if figure.provenance ~= cell.provenance then shown.mark = figure.provenance end
  if figure.provenance == "simulated" and cell.provenance ~= "simulated" then shown.best = nil end
  if figure.value and not shown.mark and model.indicative(cell, key) then shown.mark = "indicative" end
  shown.provenance = figure.provenance
  return shown
end

-- What the rails stood for, since joules of two scopes are two quantities.
local function scope_text(cell)
  local energy = cell.figures.energy_total_uj
  if not energy then return "n/a (not-measured)" end
  if not energy.value then return "n/a (" .. energy.na .. ")" end
  local scope = model.scope(cell, "energy_total_uj")
  return scope ~= "" and words.clean(scope) or "unknown"
end

local function cell_row(m, cell)
  local cells = { number = "#" .. cell.number, name = model.label(m, cell), status = cell.status,
    n = samples_text(cell), rounds = tostring(cell.rounds), scope = scope_text(cell), agreement = agreement(cell),
    placement = placement.text(cell) or "n/a (not-measured)",
    flags = #cell.flags > 0 and table.concat(cell.flags, " ") or "none",
    provenance = cell.provenance }
  for _, column in ipairs(FIGURES) do cells[column[1]] = figure_cell(cell, column[1], column.interval) end
  return { cells = cells, class = cell.status ~= "ok" and cell.status or nil, provenance = cell.provenance }
end

local function text_column(key, label, priority, more)
  local column = { key = key, label = label, type = "text", priority = priority }
  for name, value in pairs(more or {}) do column[name] = value end
  return column
end

local function any(cells, test)
  for _, cell in ipairs(cells) do
    if test(cell) then return true end
  end
  return false
end

-- Does the table have a column for this figure?
local function has_column(m, cells, figure)
  return m.field[figure[1]] and (not figure.optional or any(cells, function(cell)
    return cell.figures[figure[1]] and cell.figures[figure[1]].value and
      (not figure.pattern or cell.pattern == figure.pattern)
  end))
end

local function cell_columns(m, cells)
  local columns = {
    text_column("number", "#", 0, { align = "right", keep = true }),
    text_column("name", "cell", 0, { shorten = true, keep = true }),
    { key = "status", label = "status", type = "status", priority = 1 },
  }
  for _, figure in ipairs(FIGURES) do
    local field = m.field[figure[1]]
    if has_column(m, cells, figure) then
      columns[#columns + 1] = { key = figure[1], label = figure[2], type = "figure",
        unit = figure.unit or field.unit,
        align = "right", priority = figure[3], interval = figure.interval,
        scale = figure[1]:find("^latency_") and "latency" or nil }
    end
    if figure[1] == "energy_total_uj" then
      columns[#columns + 1] = text_column("scope", "energy scope", 4)
    end
    if figure[1] == "latency_p95_ns" then
      columns[#columns + 1] = text_column("n", "n", 2, { align = "right" })
      columns[#columns + 1] = text_column("rounds", "rounds", 3, { align = "right" })
    end
  end
  columns[#columns + 1] = text_column("agreement", "agreement", 4)
  if placement.any(cells) then columns[#columns + 1] = text_column("placement", "placement", 4) end
  columns[#columns + 1] = text_column("flags", "flags", 5, { wrap = true })
  columns[#columns + 1] = text_column("provenance", "provenance", 5)
  return columns
end

local function cell_notes(cells)
  local notes = { "n counts the steady inferences behind p95. [low, high] is the 95 % interval." }
  if any(cells, function(cell) return next(cell.best) ~= nil end) then
    notes[#notes + 1] = "Best of its workload: marked only where its interval lies clear of all others."
  end
  if any(cells, function(cell) return cell.within_one_process end) then
    notes[#notes + 1] = "Intervals of cells with one round hold within one process only;" ..
      " such cells are not ranked."
  end
  if any(cells, function(cell) return model.holds(cell.flags, "indicative") end) then
    notes[#notes + 1] = "Energy marked indicative is of seeded weights: shown, never ranked, since energy depends on data."
  end
  if any(cells, function(cell) return cell.status == "wrong" end) then
    notes[#notes + 1] = "Cells with status wrong computed something else than the reference:" ..
      " their figures are shown, never ranked."
  end
  return notes
end

-- The table of cells with their figures.
function tables.cells(m, cells, id, caption)
  local rows = {}
  for _, cell in ipairs(cells) do rows[#rows + 1] = cell_row(m, cell) end
  return doc.table { id = id, caption = caption, columns = cell_columns(m, cells), rows = rows,
    notes = cell_notes(cells) }
end

-- Figures that the table of cells leaves out, where any cell has a value.
function tables.details(m, cells, id, caption)
  local shown, rows = {}, {}
  for _, figure in ipairs(FIGURES) do shown[figure[1]] = has_column(m, cells, figure) end
  local columns = { text_column("number", "#", 0, { align = "right", keep = true }),
    text_column("name", "cell", 0, { shorten = true, keep = true }) }
  for _, field in ipairs(m.fields) do
    local function valued(cell) return cell.figures[field.key] and cell.figures[field.key].value end
    if not shown[field.key] and any(cells, valued) then
      columns[#columns + 1] = { key = field.key, label = field.label, type = "figure", unit = field.unit,
        align = "right", priority = 2 }
    end
  end
  if #columns == 2 then return nil end
  for _, cell in ipairs(cells) do
    local values = { number = "#" .. cell.number, name = model.label(m, cell) }
    for _, field in ipairs(m.fields) do values[field.key] = figure_cell(cell, field.key) end
    rows[#rows + 1] = { cells = values, class = cell.status ~= "ok" and cell.status or nil,
      provenance = cell.provenance }
  end
  return doc.table { id = id, caption = caption, columns = columns, rows = rows }
end

local function apart(a, b)
  if not (a.low and b.low and a.high and b.high) then return "no interval" end
  return (a.low > b.high or b.low > a.high) and "separate" or "overlap"
end

-- The same cell keys in several bundles: p95 of each against the first one that has it.
function tables.side_by_side(m)
  if #m.bundles < 2 then return nil end
  local by_key, order = {}, {}
  for _, cell in ipairs(m.cells) do
    if not by_key[cell.key] then
      by_key[cell.key] = {}
      order[#order + 1] = cell.key
    end
    table.insert(by_key[cell.key], cell)
  end
  local rows = {}
  for _, key in ipairs(order) do
    local base = by_key[key][1]
    for i, cell in ipairs(by_key[key]) do
      local now, was = cell.figures.latency_p95_ns, base.figures.latency_p95_ns
      local both = i > 1 and now and was and now.value and was.value
      local same_kind = cell.provenance == base.provenance
      rows[#rows + 1] = { class = cell.status ~= "ok" and cell.status or nil, provenance = cell.provenance,
        cells = { name = cell.name, bundle = cell.bundle.label, status = cell.status,
          p95 = figure_cell(cell, "latency_p95_ns", true),
          change = i == 1 and (#by_key[key] > 1 and "baseline" or "only here")
            or both and same_kind and units.change(was.value, now.value) or "n/a (not comparable)",
          intervals = i == 1 and "-" or both and same_kind and apart(was, now) or "-",
          throughput = figure_cell(cell, "throughput_per_s"), rss = figure_cell(cell, "rss_peak_bytes"),
          provenance = cell.provenance } }
      for _, shown in ipairs({ "p95", "throughput", "rss" }) do rows[#rows].cells[shown].best = nil end
    end
  end
  if #rows == 0 then return nil end
  return doc.table { id = "bundles", caption = "p95 of the same cells by bundle", rows = rows, columns = {
    text_column("name", "cell", 0, { shorten = true, keep = true }),
    text_column("bundle", "bundle", 0, { keep = true }),
    { key = "status", label = "status", type = "status", priority = 2 },
    { key = "p95", label = "p95", type = "figure", unit = "ns", align = "right", priority = 1, interval = true },
    text_column("change", "change", 1, { align = "right", keep = true }),
    text_column("intervals", "intervals", 2, { keep = true }),
    { key = "throughput", label = "inferences/s", type = "figure", unit = "1/s", align = "right", priority = 3 },
    { key = "rss", label = "peak RSS", type = "figure", unit = "bytes", align = "right", priority = 4 },
    text_column("provenance", "provenance", 5),
  } }
end

-- Cells that were refused for the same reason stand in one row: a device that is not here is told
-- once, not once a model.
local function by_reason(cells)
  local groups, order = {}, {}
  for _, cell in ipairs(cells) do
    local id = table.concat({ cell.status, cell.target, cell.what, cell.advice }, "\0")
    if not groups[id] then
      groups[id] = {}
      order[#order + 1] = groups[id]
    end
    table.insert(groups[id], cell)
  end
  return order
end

local function numbers_of(cells)
  local list = {}
  for i, cell in ipairs(cells) do list[i] = "#" .. cell.number end
  return words.join(list, 4)
end

-- Cells without figures: what happened and what to try.
function tables.refused(m)
  if #m.refused == 0 then return nil end
  local rows = {}
  for _, group in ipairs(by_reason(m.refused)) do
    local cell = group[1]
    rows[#rows + 1] = { class = cell.status, provenance = cell.provenance, cells = {
      number = numbers_of(group),
      name = #group > 1 and words.count(#group, "cell") .. " of " .. cell.target or model.label(m, cell),
      status = cell.status,
      what = cell.what ~= "" and cell.what or "no reason was recorded",
      advice = cell.advice ~= "" and cell.advice or "see the round's output.txt in the bundle" } }
  end
  return doc.table { id = "refused-cells", caption = "What happened and what to try", rows = rows, columns = {
    text_column("number", "#", 0, { align = "right", keep = true }),
    text_column("name", "cell", 0, { shorten = true, keep = true }),
    { key = "status", label = "status", type = "status", priority = 0, keep = true },
    text_column("what", "what happened", 1, { wrap = true, keep = true }),
    text_column("advice", "what to try", 1, { wrap = true, keep = true }),
  } }
end

local function count_missing(m)
  local seen, order = {}, {}
  for _, field in ipairs(m.fields) do
    for _, cell in ipairs(m.cells) do
      local figure = cell.figures[field.key]
      local code = figure and not figure.value and figure.na
      if code and code ~= "not-run" then
        if not seen[code] then
          seen[code] = { code = code, labels = {}, label_seen = {}, cells = {}, cell_seen = {} }
          order[#order + 1] = seen[code]
        end
        local entry = seen[code]
        if not entry.label_seen[field.key] then table.insert(entry.labels, field.label) end
        if not entry.cell_seen[cell] then table.insert(entry.cells, cell) end
        entry.label_seen[field.key], entry.cell_seen[cell] = true, true
      end
    end
  end
  return order
end

-- Missing numbers by reason: which figures, in how many cells, why, what to try.
function tables.missing(m)
  local rows = {}
  for _, entry in ipairs(count_missing(m)) do
    local code = m.codes[entry.code] or {}
    rows[#rows + 1] = { cells = { code = entry.code, figures = words.join(entry.labels),
      cells = #entry.cells == #m.cells and "all" or tostring(#entry.cells),
      why = (code.seen or "reason not known to this version") .. (code.why and ": " .. code.why or ""),
      advice = code.advice or "see railgauge list codes" } }
  end
  if #rows == 0 then return nil end
  return doc.table { id = "missing", caption = "Numbers that do not exist", rows = rows, columns = {
    text_column("code", "reason", 0, { keep = true }),
    text_column("figures", "figures", 1, { wrap = true, keep = true }),
    text_column("cells", "cells", 1, { align = "right", keep = true }),
    text_column("why", "why", 1, { wrap = true, keep = true }),
    text_column("advice", "what to try", 1, { wrap = true, keep = true }),
  } }
end

return tables

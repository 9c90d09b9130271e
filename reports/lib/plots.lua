-- plots.lua: which charts a report has: distribution of latency, p95 with intervals, memory and
-- TOPS, measured and simulated cells apart. Builds chart nodes; charts.lua draws them.
local doc = require("doc")
local model = require("model")
local units = require("units")
local words = require("words")

local plots = {}

local CURVES, BARS, NAME, POINTS = 6, 30, 36, 16000

-- Chunks of at most `size`, as even as possible, so that no chart holds a single straggler.
local function chunks(list, size)
  local n = math.ceil(#list / size)
  local out = {}
  for c = 1, n do
    local from, to = (c - 1) * #list // n + 1, c * #list // n
    out[c] = { table.unpack(list, from, to) }
  end
  return out
end

local function keep(cells, test)
  local out = {}
  for _, cell in ipairs(cells) do
    if cell.status == "ok" and test(cell) then out[#out + 1] = cell end
  end
  return out
end

local function label_of(m, cell)
  return "#" .. cell.number .. " " .. words.shorten(model.label(m, cell), NAME)
end

local function legend_of(m, cells)
  local legend = {}
  for _, cell in ipairs(cells) do
    local full = model.label(m, cell)
    if words.width(full) > NAME then legend[#legend + 1] = { "#" .. cell.number, full } end
  end
  return #legend > 0 and legend or nil
end

local function span(values)
  local low, high = math.huge, 0
  for _, value in ipairs(values) do
    if value > 0 then low, high = math.min(low, value), math.max(high, value) end
  end
  return low, high
end

local function thinned(values, most)
  if #values <= most then return values end
  local out = {}
  for i = 1, most do out[i] = values[1 + ((i - 1) * (#values - 1)) // (most - 1)] end
  return out
end

local function ecdf_points(cell, step, most)
  local values, points = thinned(cell.samples.values, most), {}
  for i, value in ipairs(values) do points[i] = { value / step[1], #values > 1 and (i - 1) / (#values - 1) or 1 } end
  return points
end

-- ": ds-cnn" when all cells compute the same.
local function of_workload(cells)
  for _, cell in ipairs(cells) do
    if cell.workload ~= cells[1].workload then return "" end
  end
  return cells[1].workload ~= "" and ": " .. words.shorten(cells[1].workload, 60) or ""
end

local function ecdf_chart(m, cells, id, part, mark, most)
  local all, figures = {}, {}
  for _, cell in ipairs(cells) do
    for _, value in ipairs(cell.samples.values) do all[#all + 1] = value end
  end
  local low, high = span(all)
  if low == math.huge then return nil end
  figures[1] = { value = math.sqrt(low) * math.sqrt(high) }
  local step, series, lines = units.common("ns", figures), {}, {}
  for i, cell in ipairs(cells) do
    series[i] = { label = label_of(m, cell), points = ecdf_points(cell, step, most) }
    lines[i] = "#" .. cell.number .. " " .. cell.name .. ": median " ..
      units.text(cell.figures.latency_p50_ns, "ns") .. ", p95 " .. units.text(cell.figures.latency_p95_ns, "ns")
  end
  return doc.chart { id = id, chart = "ecdf", series = series, log = high / low > 20,
    title = "Latency distribution" .. of_workload(cells) .. part .. mark, unit_label = "latency (" .. step[2] .. ")",
    desc = "Share of inferences at or below a latency. " .. table.concat(lines, "; ") .. ".",
    legend = legend_of(m, cells) }
end

local function bar_values(cells, keys, step)
  local series = {}
  for i, cell in ipairs(cells) do
    local values = {}
    for k, key in ipairs(keys) do
      local figure = cell.figures[key]
      local value = figure and figure.value
      values[k] = value and { value / step[1], figure.low and figure.low / step[1], figure.high and figure.high / step[1] } or {}
    end
    series[i] = { values = values }
  end
  return series
end

local function bars_chart(m, cells, spec, part, mark)
  local figures, sizes = {}, {}
  for _, cell in ipairs(cells) do
    for _, key in ipairs(spec.keys) do
      local figure = cell.figures[key]
      if figure and figure.value and figure.value > 0 then
        figures[#figures + 1], sizes[#sizes + 1] = figure, figure.value
      end
    end
  end
  if #figures == 0 then return nil end
  local low, high = span(sizes)
  local step = units.common(spec.unit, { { value = math.sqrt(low) * math.sqrt(high) } })
  if high / low <= 100 then step = units.common(spec.unit, { { value = high } }) end
  local series, lines = bar_values(cells, spec.keys, step), {}
  for i, cell in ipairs(cells) do
    series[i].label = label_of(m, cell)
    lines[i] = "#" .. cell.number .. " " .. cell.name .. ": " .. units.text(cell.figures[spec.keys[1]], spec.unit)
  end
  return doc.chart { id = spec.id, chart = "bars", series = series, names = spec.names,
    log = high / low > 100, title = spec.title .. part .. mark,
    unit_label = spec.axis .. " (" .. step[2] .. ")", desc = spec.desc .. " " .. table.concat(lines, "; ") .. ".",
    legend = legend_of(m, cells) }
end

local SPECS = {
  { id = "p95", keys = { "latency_p95_ns" }, names = { "p95" }, unit = "ns", axis = "p95 latency",
    title = "p95 latency with 95 % intervals", desc = "p95 latency of each cell; whiskers are its interval." },
  { id = "memory", keys = { "rss_peak_bytes", "arena_bytes" }, names = { "peak RSS", "arena" }, unit = "bytes",
    axis = "memory", title = "Memory: peak RSS and arena", desc = "Peak resident memory and planned arena of each cell." },
  { id = "tops", keys = { "achieved_tops" }, names = { "achieved" }, unit = "TOPS", axis = "achieved",
    title = "Achieved operations a second", desc = "Operations a second of each cell, 2 per multiply-accumulate." },
}

-- Cells of one workload beside each other, workloads in order of first appearance.
local function by_workload(cells)
  local groups, order, out = {}, {}, {}
  for _, cell in ipairs(cells) do
    if not groups[cell.group] then
      groups[cell.group] = {}
      order[#order + 1] = cell.group
    end
    table.insert(groups[cell.group], cell)
  end
  for _, id in ipairs(order) do
    for _, cell in ipairs(groups[id]) do out[#out + 1] = cell end
  end
  return out
end

local function part_text(c, n) return n > 1 and " (" .. c .. " of " .. n .. ")" or "" end

local function add_pool(m, nodes, cells, prefix, mark)
  local sampled = keep(cells, function(cell) return cell.samples and #(cell.samples.values or {}) > 0 end)
  local groups = chunks(by_workload(sampled), CURVES)
  local most = math.max(40, math.min(400, POINTS // math.max(1, #sampled)))
  for c, group in ipairs(groups) do
    nodes[#nodes + 1] = ecdf_chart(m, group, prefix .. "ecdf-" .. c, part_text(c, #groups), mark, most)
  end
  for _, spec in ipairs(SPECS) do
    local valued = keep(cells, function(cell)
      local figure = cell.figures[spec.keys[1]]
      return figure and figure.value ~= nil
    end)
    local parts = chunks(valued, BARS)
    for c, group in ipairs(parts) do
      local own = {}
      for key, value in pairs(spec) do own[key] = value end
      own.id = prefix .. spec.id .. "-" .. c
      nodes[#nodes + 1] = bars_chart(m, group, own, part_text(c, #parts), mark)
    end
  end
end

-- The section of charts; nil when there is nothing to draw.
function plots.section(m)
  local nodes = {}
  add_pool(m, nodes, m.measured, "", "")
  add_pool(m, nodes, m.simulated, "simulated-", ", simulated")
  if #nodes == 0 then return nil end
  for _, cell in ipairs(m.cells) do
    if cell.status ~= "ok" then
      table.insert(nodes, 1, doc.note { level = "info", for_charts = true,
        text = "Charts show cells with status ok only; the others stand in the tables." })
      break
    end
  end
  return doc.section { title = "Charts", id = "charts", nodes = nodes }
end

return plots

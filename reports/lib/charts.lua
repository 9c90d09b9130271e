-- charts.lua: chart nodes as gnuplot scripts with their data, and gnuplot's SVG made fit to stand
-- inside an HTML page: own ids, title and description, colours that follow the page's theme.
local words = require("words")

local charts = {}

-- Colours that stay apart for the colour-blind and on light and dark ground; every curve has its
-- own dash and mark besides, so that print in grey is enough.
local COLOURS = { "#0072b2", "#d55e00", "#009e73", "#b5651d", "#cc79a7", "#7f7f7f" }
local DASHES = { "1", "(12,5)", "(3,4)", "(14,4,3,4)", "(7,4)", "(14,4,3,4,3,4)" }
local MARKS = { 7, 5, 9, 13, 6, 4 }
local WIDTH = 760

-- Text for a single-quoted gnuplot string: nothing that gnuplot or a shell could read.
local function safe(text)
  return (words.clean(text):gsub("['\"`\\$@<>&%%~^{}|]", "_"))
end

local function number(value) return string.format("%.9g", value) end

-- Data blocks, parted by two empty lines as `index` wants.
local function ecdf_data(chart)
  local blocks = {}
  for s, series in ipairs(chart.series) do
    local lines = { "# " .. safe(series.label) }
    for _, point in ipairs(series.points) do
      lines[#lines + 1] = number(point[1]) .. " " .. number(point[2])
    end
    blocks[s] = table.concat(lines, "\n")
  end
  return table.concat(blocks, "\n\n\n") .. "\n"
end

-- Labels of a logarithmic axis: 1, 2 and 5 of each decade while they fit, else whole decades.
local function log_tics(low, high)
  local first, last, tics = math.floor(math.log(low, 10)), math.ceil(math.log(high, 10)), {}
  for exponent = first, last do
    for _, digit in ipairs(high / low < 400 and { 1, 2, 5 } or { 1 }) do
      local value = string.format("%g", digit * 10.0 ^ exponent)
      tics[#tics + 1] = "'" .. value .. "' " .. value
    end
  end
  return "set xtics (" .. table.concat(tics, ", ") .. ")\n"
end

local function header(chart, name, height, margins)
  return table.concat({
    "# " .. safe(chart.title),
    "set encoding utf8",
    "set terminal svg size " .. WIDTH .. "," .. height .. " dynamic noenhanced font 'sans-serif,12' name 'rg'",
    "set output '" .. name .. ".svg'",
    "set grid lc rgb '#999999' lw 0.5 dt (2,4)",
    "set border 3",
    "set tics nomirror scale 0.5",
    "set format x '%g'",
    margins,
    chart.log and "set logscale x 10" or "",
    "set xlabel '" .. safe(chart.unit_label) .. (chart.log and ", logarithmic" or "") .. "'",
  }, "\n") .. "\n"
end

local function log_range(chart)
  local low, high = math.huge, 0
  local function see(value)
    if value and value > 0 then low, high = math.min(low, value), math.max(high, value) end
  end
  for _, series in ipairs(chart.series) do
    for _, point in ipairs(series.points or {}) do see(point[1]) end
    for _, value in ipairs(series.values or {}) do
      see(value[1])
      see(value[2])
      see(value[3])
    end
  end
  return low, high
end

local function ecdf_script(chart, name)
  local rows = #chart.series
  local height = 320 + 19 * rows
  local floor = (75 + 19 * rows) / height
  local low, high = log_range(chart)
  local pad = chart.log and 1.08 or 1
  local space = chart.log and 0 or (high - low) * 0.04
  local lines = {}
  for s, series in ipairs(chart.series) do
    local every = math.max(1, #series.points // 8)
    lines[s] = string.format("'%s.dat' index %d using 1:2 with linespoints lw 2 dt %s lc rgb '%s' pt %d ps 0.7 pi %d title '%s'",
      name, s - 1, DASHES[(s - 1) % #DASHES + 1], COLOURS[(s - 1) % #COLOURS + 1],
      MARKS[(s - 1) % #MARKS + 1], every, safe(series.label))
  end
  local left = chart.log and low / pad or math.max(0, low - space)
  local right = chart.log and high * pad or high + space
  if left >= right then left, right = left * 0.9, right * 1.1 + 1e-9 end
  return header(chart, name, height, "set lmargin 9\nset rmargin 4\nset tmargin 1\n" ..
      string.format("set bmargin at screen %.4f", floor)) ..
    (chart.log and log_tics(left, right) or "") ..
    string.format("set xrange [%s:%s]\nset yrange [0:1]\nset ylabel 'share of inferences'\n", number(left), number(right)) ..
    string.format("set key at graph 0, screen %.4f left top vertical maxcols 1 Left reverse samplen 5 spacing 1.2 height 0\n",
      (24 + 19 * rows) / height) ..
    "plot " .. table.concat(lines, ", \\\n  ") .. "\n"
end

-- One row a cell: position, then value, low, high of each figure; NaN where there is none.
local function bars_data(chart)
  local lines = {}
  for s, series in ipairs(chart.series) do
    local row = { tostring(#chart.series - s + 1) }
    for _, value in ipairs(series.values) do
      row[#row + 1] = value[1] and number(value[1]) or "NaN"
      row[#row + 1] = number(value[2] or value[1] or 0)
      row[#row + 1] = number(value[3] or value[1] or 0)
    end
    lines[s] = table.concat(row, " ") .. " # " .. safe(series.label)
  end
  return table.concat(lines, "\n") .. "\n"
end

local function has_whiskers(chart, k)
  for _, series in ipairs(chart.series) do
    if series.values[k] and series.values[k][2] then return true end
  end
  return false
end

local function bar_plots(chart, name, left)
  local figures, plots = #chart.names, {}
  local half = 0.36 / figures
  for k = 1, figures do
    local shift = figures == 1 and 0 or half * (figures + 1 - 2 * k)
    local column = 2 + (k - 1) * 3
    local y = string.format("($1%+.4f)", shift)
    if chart.log then
      plots[#plots + 1] = string.format("'%s.dat' using %d:%s with points pt %d ps 0.7 lw 2 lc rgb '%s' title '%s'",
        name, column, y, MARKS[k], COLOURS[k], safe(chart.names[k]))
    else
      plots[#plots + 1] = string.format("'%s.dat' using %d:%s:(0):%d:($1%+.4f):($1%+.4f) with boxxyerror fs %s lw 1 lc rgb '%s' title '%s'",
        name, column, y, column, shift - half, shift + half, k == 1 and "solid 0.75 border" or "pattern 4 border", COLOURS[k], safe(chart.names[k]))
    end
    if has_whiskers(chart, k) then
      plots[#plots + 1] = string.format("'%s.dat' using %d:%s:%d:%d with xerrorbars pt 0 lw 1.5 lc rgb 'black' title '95 %% interval'",
        name, column, y, column + 1, column + 2)
    end
  end
  return plots
end

local function bars_script(chart, name)
  local rows, longest = #chart.series, 0
  local tics = {}
  for s, series in ipairs(chart.series) do
    longest = math.max(longest, words.width(series.label))
    tics[s] = string.format("'%s' %d", safe(series.label), rows - s + 1)
  end
  local height = 110 + rows * (#chart.names > 1 and 30 or 22)
  local low, high = log_range(chart)
  local range = chart.log and string.format("set xrange [%s:%s]\n", number(low / 1.3), number(high * 1.3)) .. log_tics(low, high)
    or string.format("set xrange [0:%s]\n", number(high * 1.05))
  return header(chart, name, height, "set lmargin " .. (longest + 2) .. "\nset rmargin 4\nset tmargin 2.5\nset bmargin 3.5") ..
    range .. "set yrange [0.4:" .. rows + 0.6 .. "]\nset grid noytics\n" ..
    "set ytics (" .. table.concat(tics, ", ") .. ") scale 0\n" ..
    "set key above left horizontal Left reverse samplen 2\n" ..
    "plot " .. table.concat(bar_plots(chart, name), ", \\\n  ") .. "\n"
end

-- {name=, script=, data=} of a chart; the script reads NAME.dat beside it and writes NAME.svg.
function charts.files(chart)
  local name = chart.id
  if chart.chart == "ecdf" then
    return { name = name, script = ecdf_script(chart, name), data = ecdf_data(chart) }
  end
  return { name = name, script = bars_script(chart, name), data = bars_data(chart) }
end

local function escape(text)
  return (text:gsub("[&<>\"']", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }))
end

-- Leaves out definitions that nothing uses and digits that no screen shows.
local function slim(svg)
  svg = svg:gsub("<filter.-</filter>%s*", "")
  for _ = 1, 2 do
    svg = svg:gsub("\t<(%a+)([^>]-) id='(gp%w+)'([^>]*)/>\n", function(tag, before, id, after)
      if svg:find("#" .. id .. "'", 1, true) then return nil end
      return ""
    end)
  end
  local function coarse(coordinates) return (coordinates:gsub("(%d%.%d)%d%f[%D]", "%1")) end
  svg = svg:gsub(" d='[^']*'", coarse):gsub("translate%([^)]*%)", coarse)
  return (svg:gsub("[ \t]+\n", "\n"):gsub("\n\n+", "\n"))
end

-- gnuplot's SVG for inlining; nil and a reason when it is not what it should be.
function charts.adopt(svg, chart)
  local from, to = svg:find("<svg", 1, true), svg:find("</svg>", 1, true)
  if not from or not to then return nil, "gnuplot wrote no complete drawing" end
  svg = svg:sub(from, to + 5)
  local lower = svg:lower()
  if lower:find("<script", 1, true) or lower:find("<foreignobject", 1, true) or lower:find(" on%a+%s*=") then
    return nil, "gnuplot's drawing holds a script"
  end
  svg = slim(svg)
  local prefix = "rg-" .. chart.id .. "-"
  svg = svg:gsub("<title>.-</title>", "", 1):gsub("<desc>.-</desc>", "", 1):gsub("<title>.-</title>", "")
  svg = svg:gsub("(%sid=)(['\"])([^'\"]*)['\"]", "%1%2" .. prefix .. "%3%2")
  svg = svg:gsub("(href=['\"])#", "%1#" .. prefix):gsub("url%(#", "url(#" .. prefix)
  svg = svg:gsub(" color=\"black\"", ""):gsub("([=:]['\" ]*)black", "%1currentColor")
  svg = svg:gsub("rgb%(%s*0,%s*0,%s*0%)", "currentColor")
  svg = svg:gsub("<g [^>]*>%s*</g>\n?", "")
  local head = string.format('<svg role="img" aria-labelledby="%st %sd"', prefix, prefix)
  local words_ = string.format('<title id="%st">%s</title><desc id="%sd">%s</desc>', prefix,
    escape(chart.title), prefix, escape(chart.desc or ""))
  svg = svg:gsub("^<svg", function() return head end, 1)
  return (svg:gsub("^(<svg.->)", function(open) return open .. words_ end, 1))
end

return charts

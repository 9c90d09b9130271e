-- render.lua: the way from data to bytes: template, charts, format. Called by bench/result/report.c
-- with `draw(name, script, data)`, which gives gnuplot's SVG, or nil and the reason in words.
local charts = require("charts")
local doc = require("doc")

-- The section that holds a chart, so that the reason for its absence can stand there.
local function section_of_charts(document)
  for _, section in ipairs(doc.all(document, "section")) do
    for _, node in ipairs(section.nodes) do
      if node.kind == "chart" then return section end
    end
  end
end

local function draw_all(document, draw)
  local drawings, reasons, seen = {}, {}, {}
  for _, chart in ipairs(doc.all(document, "chart")) do
    local files = charts.files(chart)
    local svg, why = draw(files.name, files.script, files.data)
    if svg then svg, why = charts.adopt(svg, chart) end
    drawings[chart.id] = svg
    if not svg and not seen[why] then
      seen[why] = true
      reasons[#reasons + 1] = why
    end
  end
  return drawings, reasons
end

-- Bytes of the report, and the reasons for charts that are missing.
return function(template, format, data, options, draw)
  local document = template.build(data)
  local reasons = {}
  if format.charts or options.keep_charts then
    options.charts, reasons = draw_all(document, draw)
    for i, why in ipairs(reasons) do
      table.insert(section_of_charts(document).nodes, i,
        doc.note { level = "warn", for_charts = true, text = "Charts are left out: " .. why })
    end
  end
  return format.render(document, options), table.concat(reasons, "\n")
end

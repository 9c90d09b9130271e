-- summary.lua: the default report: verdict first, then the table of cells, what was refused and
-- what to try, what was not measured and why, charts, method, and where every number comes from.
local doc = require("doc")
local facts = require("facts")
local model = require("model")
local overview = require("overview")
local placement = require("placement")
local plots = require("plots")
local partsof = require("parts")
local tables = require("tables")
local verdict = require("verdict")
local words = require("words")

local function title_of(m)
  local names, seen = {}, {}
  for _, bundle in ipairs(m.bundles) do
    local name = words.clean(model.first(bundle.info or {}, "plan.name", "scenario.name", "name") or bundle.dir)
    if not seen[name] then names[#names + 1] = name end
    seen[name] = true
  end
  return "Railgauge report: " .. words.join(names, 3)
end

local function add(nodes, ...)
  for _, node in ipairs({ ... }) do nodes[#nodes + 1] = node end
end

local function cells_section(m)
  local nodes = { overview.table(m) }
  if #m.measured > 0 then add(nodes, tables.cells(m, m.measured, "cells", m.mixed and "Figures of measured cells" or "Figures by cell")) end
  if #m.simulated > 0 then
    if m.mixed then
      add(nodes, doc.note { level = "warn", text = "Simulated cells stand apart: they come from a" ..
        " model of a device, not from one, and are never ranked beside measured cells." })
    end
    add(nodes, tables.cells(m, m.simulated, "simulated-cells", m.mixed and "Figures of simulated cells, not ranked" or "Simulated figures by cell"))
  end
  if #m.imported > 0 then
    add(nodes, doc.note { level = "info", text = "Imported cells were measured by another tool, by its own rules: what it" ..
      " does not tell is missing, and they are never ranked." })
    add(nodes, tables.cells(m, m.imported, "imported", "Imported figures, not ranked"))
  end
  if #m.doubles > 0 then
    add(nodes, doc.note { level = "warn", text = "Test doubles stand in for devices below: their" ..
      " figures prove the program, not a machine, and are never ranked." })
    add(nodes, tables.cells(m, m.doubles, "doubles", "Figures of test doubles, not ranked"))
  end
  if #nodes == 0 then add(nodes, doc.paragraph { text = "No cell has a figure." }) end
  add(nodes, partsof.table(m))
  return doc.section { title = "Cells", id = "cells", nodes = nodes }
end

local function optional(title, id, node, intro)
  if not node then return nil end
  return doc.section { title = title, id = id,
    nodes = intro and { doc.paragraph { text = intro }, node } or { node } }
end

local function details_section(m)
  local nodes = {}
  add(nodes, tables.details(m, m.measured, "details", "Further figures of measured cells"))
  add(nodes, tables.details(m, m.simulated, "simulated-details", "Further figures of simulated cells"))
  add(nodes, tables.details(m, m.imported, "imported-details", "Further figures of imported cells"))
  return #nodes > 0 and doc.section { title = "Further figures", id = "further", nodes = nodes } or nil
end

-- What a run's end shows: the verdict, the cells, what was refused, and where the rest is told.
local function brief(data)
  local m = model.build(data)
  local nodes = {}
  add(nodes, verdict.section(m))
  add(nodes, cells_section(m))
  for _, part in ipairs({ placement.operators(m) or false,
    optional("Refused and failed cells", "refused", tables.refused(m)) or false }) do
    if part then add(nodes, part) end
  end
  local dirs = {}
  for i, bundle in ipairs(m.bundles) do dirs[i] = words.clean(bundle.dir) end
  add(nodes, doc.paragraph { text = "Method, provenance, charts and what was not measured: railgauge report " ..
    table.concat(dirs, " ") .. " --format html -o report.html" })
  add(nodes, doc.dataset { cells = m.cells, bundles = m.bundles, fields = m.fields })
  return doc.document { title = title_of(m), nodes = nodes }
end

-- `details` adds every figure that the table of cells leaves out.
local function build(data, details)
  local m = model.build(data)
  local nodes = {}
  add(nodes, verdict.section(m))
  add(nodes, cells_section(m))
  if details then add(nodes, details_section(m)) end
  local parts = {
    placement.section(m), placement.operators(m),
    optional("Side by side", "side-by-side", tables.side_by_side(m),
      "The same cells of several bundles. A change stands only where the intervals separate;" ..
      " `railgauge gate` decides with paired statistics."),
    optional("Refused and failed cells", "refused", tables.refused(m)),
    optional("What was not measured, and why", "not-measured", tables.missing(m)),
    plots.section(m),
    doc.section { title = "Method", id = "method", nodes = facts.method(m) },
    doc.section { title = "Provenance", id = "provenance", nodes = facts.provenance(m) },
  }
  for i = 1, 8 do
    if parts[i] then add(nodes, parts[i]) end
  end
  add(nodes, doc.dataset { cells = m.cells, bundles = m.bundles, fields = m.fields })
  return doc.document { title = title_of(m), nodes = nodes }
end

return {
  name = "summary",
  summary = "verdict, cells, refusals, what is missing and why, charts, method, provenance",
  build = build,
  brief = brief,
}

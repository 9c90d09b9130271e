-- verdict.lua: the first screen of a report: what was asked, how it ended, whether the machine
-- can be trusted, and which cell leads where the intervals allow saying so.
local doc = require("doc")
local model = require("model")
local units = require("units")
local words = require("words")

local verdict = {}

local ORDER = { "ok", "wrong", "failed", "timeout", "unsupported", "absent", "denied", "interrupted" }

local function counts_text(cells)
  local counts, parts, listed = {}, {}, {}
  for _, cell in ipairs(cells) do counts[cell.status] = (counts[cell.status] or 0) + 1 end
  for _, status in ipairs(ORDER) do
    listed[status] = true
    if counts[status] then parts[#parts + 1] = counts[status] .. " " .. status end
  end
  for status, n in pairs(counts) do
    if not listed[status] then parts[#parts + 1] = n .. " " .. status end
  end
  return words.count(#cells, "cell") .. ": " .. (#parts > 0 and table.concat(parts, ", ") or "none")
end

local function level_of(cells)
  local level = #cells == 0 and "bad" or "ok"
  for _, cell in ipairs(cells) do
    if cell.status == "wrong" then return "bad" end
    if cell.status ~= "ok" then level = "warn" end
  end
  return level
end

local function names_of(m, cells, most)
  local names = {}
  for _, cell in ipairs(cells) do names[#names + 1] = "#" .. cell.number end
  return words.join(names, most or 8)
end

-- Flags of all cells: {{id=, cells={...}}...} in order of first sight. A flag that several
-- bundles or cells share is told once.
local function flags_seen(cells)
  local list, at = {}, {}
  for _, cell in ipairs(cells) do
    for _, id in ipairs(cell.flags) do
      if not at[id] then
        at[id] = { id = id, cells = {} }
        list[#list + 1] = at[id]
      end
      table.insert(at[id].cells, cell)
    end
  end
  return list
end

-- Flags that tell how figures were taken and cast no doubt on the machine.
local METHOD = { ["within-one-process"] = true, reservoir = true, ["overhead-subtracted"] = true,
  ["clock-coarse"] = true, indicative = true }

local function flag_lines(m, wanted)
  local lines = {}
  for _, flag in ipairs(flags_seen(m.cells)) do
    if (METHOD[flag.id] or false) == wanted then
      local code = m.codes[flag.id] or {}
      lines[#lines + 1] = flag.id .. " (" .. names_of(m, flag.cells) .. "): " ..
        (code.seen or "flag not known to this version") ..
        (code.why and "; " .. code.why or "") .. (code.advice and ". Try: " .. code.advice or "")
    end
  end
  return lines
end

local function trust_banner(m)
  local lines = flag_lines(m, false)
  local measured = #m.measured > 0
  if #lines > 0 then
    return doc.banner { level = "warn", text = "Machine: trust with doubts. " ..
      words.count(#lines, "flag") .. " raised while measuring.", details = lines }
  end
  if not measured then return nil end
  return doc.banner { level = "ok",
    text = "Machine: no flag was raised while measuring (load, heat, clocks, drift, stability)." }
end

local function bundle_banner(bundle)
  local details = {}
  for i, line in ipairs(bundle.damage or {}) do details[i] = words.clean(line) end
  local name = "Bundle " .. bundle.label .. " (" .. words.clean(bundle.dir) .. ")"
  if #details > 0 then
    return doc.banner { level = "bad", text = name ..
      " is damaged: the report shows what could be read.", details = details }
  end
  if not bundle.finished then
    return doc.banner { level = "bad", text = name .. " is unfinished: figures rest on the rounds" ..
      " so far and may still move.",
      details = { "Finish it: railgauge run --resume " .. words.clean(bundle.dir) } }
  end
end

local function simulated_banner(m)
  if m.mixed or #m.simulated == 0 then return nil end
  return doc.banner { level = "info", text = "Every figure here is simulated: it comes from a" ..
    " model of a device and ranks only among its own kind." }
end

local function question(m)
  local parts = {}
  for _, bundle in ipairs(m.bundles) do
    local info = bundle.info or {}
    local text = model.first(info, "plan.summary", "scenario.summary", "request.summary", "summary")
    local line = text and words.clean(text)
    if line and not model.holds(parts, line) then parts[#parts + 1] = line end
  end
  return #parts > 0 and table.concat(parts, " / ") or nil
end

local function bundle_list(m)
  if #m.bundles < 2 then return nil end
  local items = {}
  for _, bundle in ipairs(m.bundles) do
    items[#items + 1] = "[" .. bundle.label .. "] " .. words.clean(bundle.dir) .. ": " .. counts_text(bundle.clean_cells)
  end
  return doc.list { items = items }
end

local function leader_row(m, rank, key, unit)
  local first, second = rank.cells[1], rank.cells[2]
  local lead = rank.winner and model.label(m, first) or "not distinguishable"
  local gap = second.figures[key].value / first.figures[key].value
  if gap < 1 then gap = 1 / gap end
  return { cells = {
    workload = rank.workload ~= "" and rank.workload or "(unnamed)", best = lead,
    figure = units.text(first.figures[key], unit),
    gap = rank.winner and string.format("%.2fx", gap) or "overlap",
    among = names_of(m, rank.cells),
  } }
end

-- Who is fastest where several cells compute the same workload; nil where none compete.
local function leaders(m, cells, key)
  local field = m.field[key]
  local rows = {}
  for _, rank in ipairs(field and model.ranking(cells, key, field.better) or {}) do
    rows[#rows + 1] = leader_row(m, rank, key, field.unit)
  end
  if #rows == 0 then return nil end
  return doc.table { id = "leaders", caption = "Lowest p95 latency per workload", rows = rows,
    columns = {
      { key = "workload", label = "workload", type = "text", priority = 0, shorten = true, keep = true },
      { key = "best", label = "best cell", type = "text", priority = 1, shorten = true, keep = true },
      { key = "figure", label = "lowest p95 [95 %]", type = "text", align = "right", priority = 1, keep = true },
      { key = "gap", label = "ahead by", type = "text", align = "right", priority = 2, keep = true },
      { key = "among", label = "among", type = "text", priority = 3, wrap = true, keep = true },
    } }
end

-- The section that opens a report.
function verdict.section(m)
  local nodes = {}
  local function add(node) if node then nodes[#nodes + 1] = node end end
  local asked = question(m)
  add(asked and doc.paragraph { text = "Asked: " .. asked })
  for _, bundle in ipairs(m.bundles) do add(bundle_banner(bundle)) end
  add(doc.banner { level = level_of(m.cells), text = counts_text(m.cells) .. "." })
  add(bundle_list(m))
  add(simulated_banner(m))
  add(trust_banner(m))
  local notes = flag_lines(m, true)
  if #notes > 0 then add(doc.list { items = notes }) end
  add(leaders(m, #m.measured > 0 and m.measured or m.simulated, "latency_p95_ns"))
  return doc.section { title = "Verdict", id = "verdict", nodes = nodes }
end

return verdict

-- facts.lua: the method in words and the provenance of a report: scenario, plan, program,
-- machine, models, settings, each bundle for itself. Collected by the run, not typed.
local doc = require("doc")
local model = require("model")
local placement = require("placement")
local units = require("units")
local words = require("words")

local facts = {}

local function range(cells, get)
  local low, high
  for _, cell in ipairs(cells) do
    local value = get(cell)
    if value then
      low, high = math.min(low or value, value), math.max(high or value, value)
    end
  end
  if not low then return nil end
  return low == high and units.grouped(low)
    or units.grouped(low) .. " to " .. units.grouped(high)
end

local function tiers(m)
  local names, seen = {}, {}
  for _, cell in ipairs(m.cells) do
    local tier = cell.plan.tier
    local name = type(tier) == "table" and tier.name or tier
    if type(name) == "string" and not seen[name] then
      seen[name] = true
      names[#names + 1] = words.clean(name)
    end
  end
  return #names > 0 and words.join(names) or nil
end

-- What the harness itself costs, or nil where no cell says.
local function overhead_text(cells)
  local function worst(key)
    local most
    for _, cell in ipairs(cells) do
      local value = (cell.figures[key] or {}).value
      if value then most = math.max(most or value, value) end
    end
    return most and units.text({ value = most }, "ns")
  end
  local overhead, clock = worst("overhead_ns"), worst("clock_cost_ns")
  if not overhead and not clock then return "" end
  return (overhead and " The harness costs at most " .. overhead .. " an iteration (empty target)." or "") ..
    (clock and " One reading of the clock costs at most " .. clock .. "." or "")
end

-- Paragraphs that say how the figures were made.
function facts.method(m)
  local shown = {}
  for _, list in ipairs({ m.measured, m.simulated }) do
    for _, cell in ipairs(list) do shown[#shown + 1] = cell end
  end
  local rounds = range(shown, function(cell) return cell.rounds > 0 and cell.rounds end)
  local n = range(shown, function(cell) return (cell.figures.latency_p95_ns or {}).n end)
  local tier = tiers(m)
  return {
    doc.paragraph { text = (tier and "Tier " .. tier .. ". " or "") ..
      (rounds and "Rounds a cell: " .. rounds .. ", each a fresh process that loads the model, proves" ..
      " its output against the reference, warms up and measures. " or "") ..
      (n and "Steady inferences behind p95: " .. n .. "." or "") .. overhead_text(shown) },
    doc.paragraph { text = "Percentiles are type-7 quantiles of the steady inferences of all rounds" ..
      " together; warm-up (MSER-5, capped) is kept apart and nothing is dropped as an outlier." ..
      " Intervals are 95 % and come from the rounds (round-block bootstrap-t on the log scale), since" ..
      " inferences of one process share its luck. A cell with one round has an interval within one" ..
      " process, is so labelled and never ranked." },
    doc.paragraph { text = "TOPS counts 2 operations per multiply-accumulate of the source graph, over" ..
      " the time from first submission to last completion. Energy, where a rail exists, is of the same" ..
      " window and clock as latency. A number that does not exist is n/a with its reason." },
  }
end

-- Rows of the bundle's facts: label and the paths where it may stand.
local ROWS = {
  { "scenario", "plan.name", "scenario.name", "name" },
  { "scenario text, sha256", "scenario.sha256", "scenario_sha256", "scenario.hash", "scenario_hash" },
  { "plan hash", "plan.hash", "plan_hash", "plan.sha256" },
  { "schema", "schema", "schema_version" },
  { "program", "program.name", "program" },
  { "version", "program.version", "version" },
  { "build", "program.build", "build" },
  { "commit", "program.commit", "commit" },
  { "machine", "host.board", "host.product", "host.model" },
  { "CPU", "host.cpu" },
  { "architecture", "host.arch" },
  { "cores", "host.cores" },
  { "threads", "host.threads" },
  { "memory", "host.memory_bytes", bytes = true },
  { "hypervisor", "host.hypervisor" },
  { "operating system", "host.os" },
  { "kernel", "host.kernel" },
  { "governor", "host.governor", "state.before.governor" },
  { "clocks at start (kHz)", "state.before.clock_khz" },
  { "clocks at end (kHz)", "state.after.clock_khz" },
  { "measured clock at start (MHz)", "state.before.cpu_mhz_measured" },
  { "measured clock at end (MHz)", "state.after.cpu_mhz_measured" },
  { "clocks locked", "state.before.clocks_locked" },
  { "temperatures at end (mC)", "state.after.temperature_mc" },
  { "throttle counters at start", "state.before.throttle" },
  { "throttle counters at end", "state.after.throttle" },
  { "throttle counters rose by", "state.throttle_rise" },
  { "hottest while measuring (mC)", "state.hottest_mc" },
  { "load at start", "state.before.load_1m" },
  { "power mode", "host.power_mode", "state.before.power_mode" },
  { "libraries", "host.libraries" },
  { "created", "created" },
  { "seed", "plan.seed" },
  { "arguments", "arguments" },
  { "measured", "request.measure", "plan.measure" },
}
local MUST = { ["plan hash"] = true, kernel = true, governor = true, ["clocks at start (kHz)"] = true,
  machine = true, ["scenario text, sha256"] = true }

-- Any value as one line: lists joined, objects as key=value.
local function line_of(value, depth)
  if type(value) ~= "table" then
    if math.type(value) == "float" then return string.format("%.6g", value) end
    return words.clean(value)
  end
  if (depth or 0) > 3 then return "..." end
  local parts, keys = {}, {}
  if #value > 0 then
    local first, same = line_of(value[1], (depth or 0) + 1), true
    for i, item in ipairs(value) do
      parts[i] = line_of(item, (depth or 0) + 1)
      same = same and parts[i] == first
    end
    return same and #parts > 1 and first .. " (all " .. #parts .. ")" or table.concat(parts, ", ")
  end
  for key in pairs(value) do keys[#keys + 1] = tostring(key) end
  table.sort(keys)
  for _, key in ipairs(keys) do
    local item = value[key]
    if item ~= "" and (type(item) ~= "table" or next(item) ~= nil) then
      parts[#parts + 1] = words.clean(key) .. "=" .. line_of(item, (depth or 0) + 1)
    end
  end
  return #parts > 0 and table.concat(parts, " ") or "none"
end

local function info_rows(bundle)
  local rows = { { "bundle", words.clean(bundle.dir) .. (bundle.finished and " (finished)" or " (unfinished)") } }
  local known = { state = bundle.state }
  for key, value in pairs(bundle.info or {}) do known[key] = value end
  for _, row in ipairs(ROWS) do
    local value = model.first(known, table.unpack(row, 2))
    if row[1] == "program" and type(value) == "table" then value = nil end
    if value ~= nil then
      local text = row.bytes and tonumber(value) and units.text({ value = tonumber(value) }, "bytes") or line_of(value)
      rows[#rows + 1] = { row[1], text }
    elseif MUST[row[1]] then
      rows[#rows + 1] = { row[1], "n/a (not-available)" }
    end
  end
  if bundle.manifest_sha256 then rows[#rows + 1] = { "manifest, sha256", bundle.manifest_sha256 } end
  return rows
end

-- "; requested threads=2" for what took effect otherwise than asked.
local function differing(settings)
  local parts, keys = {}, {}
  local requested = type(settings.requested) == "table" and settings.requested or {}
  local effective = type(settings.effective) == "table" and settings.effective or {}
  for key in pairs(requested) do keys[#keys + 1] = key end
  table.sort(keys)
  for _, key in ipairs(keys) do
    local got = effective[key]
    if got ~= nil and type(got) ~= "table" and tostring(got) ~= tostring(requested[key]) then
      parts[#parts + 1] = words.clean(key) .. "=" .. line_of(requested[key])
    end
  end
  return #parts > 0 and "; requested " .. table.concat(parts, " ") or ""
end

-- Settings in effect, once for all cells that share them; what was requested where it differs.
local function settings_rows(bundle, rows)
  local seen, order = {}, {}
  if type((bundle.info or {}).settings) == "table" then
    rows[#rows + 1] = { "settings", line_of(bundle.info.settings) }
  end
  for _, cell in ipairs(bundle.clean_cells) do
    local settings = model.dig(cell.record, "context.settings")
    if type(settings) == "table" then
      local text = line_of(settings.effective or {}) .. differing(settings)
      if not seen[text] then
        seen[text] = {}
        order[#order + 1] = text
      end
      table.insert(seen[text], "#" .. cell.number)
    end
  end
  for _, text in ipairs(order) do
    rows[#rows + 1] = { "settings in effect", (#order > 1 and words.join(seen[text], 8) .. ": " or "") .. text }
  end
end

-- Models with their content hash, each once.
local function model_rows(bundle, rows)
  local seen = {}
  for _, cell in ipairs(bundle.clean_cells) do
    local work = model.first(cell.record, "workload_file", "context.workload", "artefact", "context.model")
    if type(work) ~= "table" then work = { sha256 = model.first(cell.record, "context.model_sha256", "context.workload_sha256", "model_sha256") } end
    local hash = work.sha256
    local id = cell.workload .. tostring(hash)
    if hash and not seen[id] then
      seen[id] = true
      rows[#rows + 1] = { "model " .. (cell.workload ~= "" and cell.workload or cell.name),
        "sha256 " .. words.clean(hash) .. (work.format and ", " .. words.clean(work.format) or "") ..
        (tonumber(work.bytes) and ", " .. units.text({ value = tonumber(work.bytes) }, "bytes") or "") }
    end
  end
end

-- One table of facts a bundle.
function facts.provenance(m)
  local nodes = {}
  for _, bundle in ipairs(m.bundles) do
    local rows = info_rows(bundle)
    settings_rows(bundle, rows)
    placement.libraries(bundle, rows)
    model_rows(bundle, rows)
    nodes[#nodes + 1] = doc.provenance { rows = rows,
      caption = #m.bundles > 1 and "Bundle " .. bundle.label or "Where these numbers come from" }
  end
  return nodes
end

return facts

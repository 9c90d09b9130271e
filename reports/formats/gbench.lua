-- gbench.lua: the cells as google-benchmark writes them with --benchmark_format=json: a repetition
-- a round (mean latency) and the aggregates over rounds, percentiles and energy as user counters. So
-- that compare.py, github-action-benchmark's `googlecpp` and others read them.
local encode = require("encode")
local export = require("export")

local COUNTERS = { latency_p50_ns = "p50_ns", latency_p95_ns = "p95_ns", latency_p99_ns = "p99_ns",
  throughput_per_s = "items_per_second", energy_total_uj = "energy_uj", rss_peak_bytes = "rss_peak_bytes" }

local UNKNOWN_CPU = "cpu_time is not known: real_time stands in its place"

local function caches_of(host)
  local list = {}
  for _, cache in ipairs(host.caches or {}) do
    list[#list + 1] = { type = tostring(cache.type or "Unified"), level = cache.level, size = cache.bytes,
      num_sharing = cache.count and host.threads and math.max(1, host.threads // cache.count) or 1 }
  end
  return list
end

local function context_of(data, options)
  local bundle = (data.bundles or {})[1] or {}
  local info = bundle.info or {}
  local host = info.host or {}
  local measured = (data.cells[1] or { record = {} }).record.context or {}
  local mhz = type(measured.state) == "table" and measured.state.cpu_mhz_measured
  return { date = tostring(info.created or ""), host_name = tostring(host.board or host.cpu or ""),
    executable = options.program, num_cpus = host.threads or 0, mhz_per_cpu = math.floor(mhz or 0),
    cpu_scaling_enabled = false, caches = caches_of(host), load_avg = {}, library_build_type = "release",
    railgauge_bundle = tostring(bundle.dir or "") }
end

local function base_row(data, cell, family)
  local name = export.name(data, cell)
  return { name = name, run_name = name, family_index = family, per_family_instance_index = 0,
    repetitions = math.max(cell.rounds, 1), threads = math.max(math.tointeger(cell.record.threads) or 1, 1),
    time_unit = "ns", iterations = 0, real_time = 0.0, cpu_time = 0.0 }
end

local function error_row(data, cell, family)
  local row = base_row(data, cell, family)
  row.run_type, row.repetition_index, row.error_occurred = "iteration", 0, true
  row.error_message = cell.status .. ": " .. (cell.what or "")
  return row
end

-- CPU time is on record as one figure a cell: it stands beside rounds and their mean and median.
local function set_time(row, cell, time, spread)
  local cpu = not spread and export.figure(cell, "cpu_time_ns")
  row.real_time = time
  row.cpu_time = cpu and cpu.value or time
  if not cpu then row.label = UNKNOWN_CPU end
end

local function round_row(data, cell, family, index, time)
  local row = base_row(data, cell, family)
  row.run_type, row.repetition_index = "iteration", index
  row.iterations = math.tointeger((cell.record.samples or 0) // math.max(cell.rounds, 1)) or 0
  set_time(row, cell, time)
  for key, counter in pairs(COUNTERS) do
    local value = export.rounds(cell, key)[index + 1]
    if value then row[counter] = value end
  end
  return row
end

local function aggregate_row(data, cell, family, name, value, unit)
  local row = base_row(data, cell, family)
  row.name = row.run_name .. "_" .. name
  row.run_type, row.aggregate_name, row.aggregate_unit = "aggregate", name, unit
  row.iterations = row.repetitions
  set_time(row, cell, value, name == "stddev" or name == "cv")
  if name == "mean" then
    for key, counter in pairs(COUNTERS) do
      local figure = export.figure(cell, key)
      if figure then row[counter] = figure.value end
    end
  end
  return row
end

-- Mean, median, sample standard deviation and its share of the mean, as the library forms them.
local function statistics(times)
  local sorted, sum, squares = { table.unpack(times) }, 0.0, 0.0
  table.sort(sorted)
  for _, time in ipairs(times) do sum = sum + time end
  local n, mean = #times, sum / #times
  for _, time in ipairs(times) do squares = squares + (time - mean) ^ 2 end
  local median = (sorted[(n + 1) // 2] + sorted[n // 2 + 1]) / 2
  local deviation = n > 1 and math.sqrt(squares / (n - 1)) or 0.0
  return { { "mean", mean, "time" }, { "median", median, "time" }, { "stddev", deviation, "time" },
    { "cv", deviation / mean, "percentage" } }
end

local function add_cell(rows, data, cell, family)
  local times = {}
  for _, time in ipairs(export.rounds(cell, "latency_mean_ns")) do
    if time then times[#times + 1] = time end
  end
  if not export.counts(cell) or #times == 0 then
    rows[#rows + 1] = error_row(data, cell, family)
    return
  end
  for index, time in ipairs(times) do rows[#rows + 1] = round_row(data, cell, family, index - 1, time) end
  if #times == 1 then return end
  for _, one in ipairs(statistics(times)) do
    rows[#rows + 1] = aggregate_row(data, cell, family, one[1], one[2], one[3])
  end
end

local function render(document, options)
  local data, rows = export.data(document), {}
  for family, cell in ipairs(data.cells) do add_cell(rows, data, cell, family - 1) end
  return encode({ context = context_of(data, options), benchmarks = rows }) .. "\n"
end

return { name = "gbench", summary = "google-benchmark's JSON: rounds as repetitions", extensions = {},
  render = render }

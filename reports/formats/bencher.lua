-- bencher.lua: Bencher's metric format, {benchmark: {measure: {value, lower_value, upper_value}}}. Its
-- own measures `latency` (ns, here the mean) and `throughput` are there under their names, all others
-- under the figure's key with dashes.
local encode = require("encode")
local export = require("export")

local MEASURES = { latency_mean_ns = "latency", throughput_per_s = "throughput" }

local function metric(figure)
  return { value = figure.value, lower_value = figure.low, upper_value = figure.high }
end

local function render(document)
  local data = export.data(document)
  local benchmarks, any = {}, false
  for _, cell in ipairs(data.cells) do
    local measures = {}
    for _, key in ipairs(export.counts(cell) and export.KEYS or {}) do
      local figure = export.figure(cell, key)
      if figure then measures[MEASURES[key] or key:gsub("_", "-")] = metric(figure) end
    end
    if next(measures) then
      benchmarks[export.name(data, cell)] = measures
      any = true
    end
  end
  return (any and encode(benchmarks) or "{}") .. "\n"
end

return { name = "bencher", summary = "Bencher's metric format", extensions = {}, render = render }

-- export.lua: what the formats of other tools share: the cells of a document under one name each,
-- and the figures that are worth a series in them.
local doc = require("doc")

local export = {}

-- Keys of the figures that are given to tools which keep series, in their order.
export.KEYS = { "latency_p50_ns", "latency_p95_ns", "latency_mean_ns", "first_ns", "load_cold_ns",
  "throughput_per_s", "achieved_tops", "energy_total_uj", "tops_per_watt", "rss_peak_bytes",
  "arena_bytes", "instructions" }

-- Cells of the document's data and their fields by key. Names are as in the bundle; where there are
-- several bundles the bundle's letter stands before.
function export.data(document)
  local data = doc.all(document, "dataset")[1] or { cells = {}, fields = {}, bundles = {} }
  local fields = {}
  for _, field in ipairs(data.fields or {}) do fields[field.key] = field end
  return data, fields
end

function export.name(data, cell)
  local name = cell.record.name or cell.plan.name or cell.name
  return #(data.bundles or {}) > 1 and cell.bundle.label .. ":" .. name or name
end

-- A cell whose figures may be kept in a series: it ended ok, and no test double made them.
function export.counts(cell) return cell.status == "ok" and not cell.double end

-- The figure when it has a value.
function export.figure(cell, key)
  local figure = cell.figures[key]
  return figure and figure.value and figure or nil
end

-- Values of one figure by round, in order; false where a round has none.
function export.rounds(cell, key)
  local per_round = cell.record.per_round
  return type(per_round) == "table" and type(per_round[key]) == "table" and per_round[key] or {}
end

return export

-- json.lua: the whole report as one versioned JSON document: the data behind it and the document
-- tree itself. Members stand in sorted order, numbers with every digit.
local doc = require("doc")
local encode = require("encode")

local VERSION = 1

local function cell_object(cell)
  return { number = cell.number, name = cell.record.name or cell.plan.name or cell.name, key = cell.key,
    bundle = cell.bundle.label, workload = cell.workload, target = cell.target, device = cell.device,
    pattern = cell.pattern, status = cell.status, what = cell.record.what or cell.plan.what or cell.what,
    try = cell.record.advice or cell.plan.advice or cell.advice,
    provenance = cell.provenance, flags = cell.flags, rounds = cell.rounds, ranked = cell.rankable,
    not_ranked_because = cell.why_not_ranked, within_one_process = cell.within_one_process,
    best = cell.best, figures = cell.figures, record = cell.record, planned = cell.plan }
end

local function bundle_object(bundle)
  return { label = bundle.label, dir = bundle.dir, finished = bundle.finished,
    damage = bundle.damage or {}, manifest_sha256 = bundle.manifest_sha256, info = bundle.info or {} }
end

local function map(list, convert)
  local out = {}
  for i, item in ipairs(list or {}) do out[i] = convert(item) end
  return out
end

-- The tree without the dataset, which stands beside it.
local function without_dataset(nodes)
  local kept = {}
  for _, node in ipairs(nodes) do
    if node.kind ~= "dataset" then
      local copy = {}
      for key, value in pairs(node) do copy[key] = value end
      if node.nodes then copy.nodes = without_dataset(node.nodes) end
      kept[#kept + 1] = copy
    end
  end
  return kept
end

local function render(document, options)
  local data = doc.all(document, "dataset")[1] or {}
  return encode({ format = "railgauge-report", version = VERSION, program = options.program,
    template = options.template, title = document.title, document = without_dataset(document.nodes),
    bundles = map(data.bundles, bundle_object), cells = map(data.cells, cell_object),
    fields = data.fields or {} }, "") .. "\n"
end

return { name = "json", summary = "everything, versioned: data and document tree",
  extensions = { ".json" }, render = render }

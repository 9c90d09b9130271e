-- doc.lua: the document tree that templates build and formats render. A node is a table with
-- `kind`; this file is the whole vocabulary. Texts are plain: formats escape them.
local doc = {}

local function node(kind)
  return function(fields)
    fields.kind = kind
    return fields
  end
end

-- {title=, subtitle=, nodes={...}}: the root.
doc.document = node("document")

-- {title=, id=, nodes={...}}: a headed part; `id` is unique and made of [a-z0-9-].
doc.section = node("section")

-- {level="ok"|"info"|"warn"|"bad", text=, details={...}}: what must not be overlooked.
doc.banner = node("banner")

-- {text=}: a paragraph. {text=, level=}: a remark beside something.
doc.paragraph = node("paragraph")
doc.note = node("note")

-- {items={text...}}: unordered points.
doc.list = node("list")

-- {id=, caption=, columns={...}, rows={...}, notes={text...}}.
-- column: {key=, label=, type="text"|"status"|"figure", unit=, align="left"|"right",
--          priority=0 (always beside the rows) .. 9 (folds first), keep=true: never hoisted,
--          shorten=true: long values may be cut in the middle, full text elsewhere,
--          wrap=true: long values take several lines, scale=name: one unit with its like}
-- row: {cells={key=value}, class="wrong" or nil, provenance=}; a figure's value is
--      {value=, low=, high=, n=} or {na=code}, with best=true, provenance=, label= where needed.
doc.table = node("table")

-- {caption=, rows={{label, value, mark}...}}: facts by name; mark is their provenance or nil.
doc.facts = node("facts")

-- {caption=, rows={...}} as facts: where the numbers come from.
doc.provenance = node("provenance")

-- {id=, chart="ecdf"|"bars", title=, desc=, unit=, unit_label=, log=bool, series={...}}
-- ecdf series: {label=, points={{x,y}...}}; bars: {label=, values={{value,low,high}...}};
-- names={...} of the value columns. legend={{short, full}...} when labels were shortened.
doc.chart = node("chart")

-- {cells={...}, bundles={...}, fields={...}}: everything behind the report, for csv and json.
doc.dataset = node("dataset")

-- Calls visit(node) for every node below `root`, parents first.
function doc.walk(root, visit)
  visit(root)
  for _, child in ipairs(root.nodes or {}) do doc.walk(child, visit) end
end

-- All nodes of one kind, in order.
function doc.all(root, kind)
  local found = {}
  doc.walk(root, function(item)
    if item.kind == kind then found[#found + 1] = item end
  end)
  return found
end

return doc

-- text.lua: a report on a terminal: fits the width given by folding columns of low priority into
-- further blocks, speaks ASCII where it must, and colours only when told.
local layout = require("layout")
local words = require("words")

local COLOURS = { ok = "32", info = "36", warn = "33", bad = "31", head = "1", faint = "2",
  wrong = "31", failed = "31", unsupported = "33", absent = "33", denied = "33", interrupted = "33",
  best = "1;32" }
local MARKS = { ok = "OK", info = "NOTE", warn = "DOUBT", bad = "ATTENTION" }

local function painter(options)
  return function(style, text)
    if not (options.color and COLOURS[style]) then return text end
    return "\27[" .. COLOURS[style] .. "m" .. text .. "\27[0m"
  end
end

local function emit(out, text) out.lines[#out.lines + 1] = text end

local function emit_wrapped(out, text, first, rest)
  local lines = words.wrap(out.say(text), out.width - #first)
  for i, line in ipairs(lines) do emit(out, (i == 1 and first or rest) .. line) end
end

-- Strings of one block of columns and their widths; texts that are too long are shortened where
-- the column allows it and wrapped where it asks for that.
local function cell_text(out, column, view)
  local text = layout.plain(view, "(1p)")
  if column.has_best then text = text .. (view.best and " *" or "  ") end
  return out.say(text)
end

local function head_text(out, column)
  return out.say(column.heading) .. (column.has_best and "  " or "")
end

local function natural_width(out, plan, i)
  local column = plan.columns[i]
  local width = words.width(head_text(out, column))
  for _, row in ipairs(plan.rows) do
    width = math.max(width, words.width(cell_text(out, column, row.views[i])))
  end
  return width
end

local function limited(out, column, width)
  if column.shorten then return math.min(width, math.max(16, out.width * 2 // 5)) end
  if column.wrap then return math.min(width, math.max(12, out.width // 5)) end
  return width
end

-- Shortens names further where that spares the reader a second block.
local function squeeze(out, plan, widths)
  local excess, names = -2 - out.width, {}
  for i, column in ipairs(plan.columns) do
    excess = excess + widths[i] + 2
    if column.shorten and widths[i] > 20 then names[#names + 1] = i end
  end
  local spare = 0
  for _, i in ipairs(names) do spare = spare + widths[i] - 20 end
  if excess <= 0 or spare < excess then return end
  while excess > 0 do
    for _, i in ipairs(names) do
      if excess > 0 and widths[i] > 20 then widths[i], excess = widths[i] - 1, excess - 1 end
    end
  end
end

-- Columns -> blocks that each fit: those of priority 0 stand in every block; the others enter the
-- first block by priority, and what does not fit folds into the next.
local function blocks_of(out, plan, widths)
  local always, rest, base = {}, {}, 0
  for i, column in ipairs(plan.columns) do
    if column.priority == 0 then
      always[#always + 1] = i
      base = base + widths[i] + 2
    else
      rest[#rest + 1] = i
    end
  end
  local function by_priority(a, b)
    if plan.columns[a].priority ~= plan.columns[b].priority then
      return plan.columns[a].priority < plan.columns[b].priority
    end
    return a < b
  end
  table.sort(rest, by_priority)
  local blocks = {}
  repeat
    local block, later, used = { table.unpack(always) }, {}, base - 2
    for _, i in ipairs(rest) do
      if used + 2 + widths[i] <= out.width or #block == #always then
        block[#block + 1] = i
        used = used + 2 + widths[i]
      else
        later[#later + 1] = i
      end
    end
    table.sort(block)
    blocks[#blocks + 1], rest = block, later
  until #rest == 0
  return blocks
end

-- Wrapping columns of a block share what is left of the line.
local function stretch(out, plan, block, widths, naturals)
  local used, flexible = -2, {}
  for _, i in ipairs(block) do
    used = used + widths[i] + 2
    if plan.columns[i].wrap then flexible[#flexible + 1] = i end
  end
  local spare = out.width - used
  while spare > 0 and #flexible > 0 do
    local grown = false
    for _, i in ipairs(flexible) do
      if spare > 0 and widths[i] < naturals[i] then
        widths[i], spare, grown = widths[i] + 1, spare - 1, true
      end
    end
    if not grown then break end
  end
end

local function row_lines(out, plan, block, widths, row)
  local parts, height = {}, 1
  for c, i in ipairs(block) do
    local column, view = plan.columns[i], row.views[i]
    local text = cell_text(out, column, view)
    if column.shorten then text = words.shorten(text, widths[i]) end
    parts[c] = words.wrap(text, widths[i])
    if not column.wrap then parts[c] = { text } end
    height = math.max(height, #parts[c])
  end
  for line = 1, height do
    local cells = {}
    for c, i in ipairs(block) do
      local view = row.views[i]
      local text = words.pad(parts[c][line] or "", widths[i], plan.columns[i].align)
      local style = view.best and "best" or view.status
      cells[c] = style and out.paint(style, text) or text
    end
    emit(out, (table.concat(cells, "  "):gsub(" +$", "")))
  end
end

local function head_lines(out, plan, block, widths)
  local heads, rules = {}, {}
  for c, i in ipairs(block) do
    local text = head_text(out, plan.columns[i])
    heads[c] = words.pad(words.shorten(text, widths[i]), widths[i], plan.columns[i].align)
    rules[c] = string.rep(out.rule, widths[i])
  end
  emit(out, out.paint("head", (table.concat(heads, "  "):gsub(" +$", ""))))
  emit(out, out.paint("faint", table.concat(rules, "  ")))
end

-- Full texts of the names that a table had to shorten.
local function name_legend(out, plan, widths)
  local shown, numbered = {}, plan.columns[1].key == "number"
  for i, column in ipairs(plan.columns) do
    for _, row in ipairs(column.shorten and plan.rows or {}) do
      local text = cell_text(out, column, row.views[i])
      if words.width(text) > widths[i] and not shown[text] then
        shown[text] = true
        local first = numbered and "  " .. row.views[1].text .. " = " or "  " .. words.shorten(text, widths[i]) .. " = "
        emit_wrapped(out, text, #first < out.width // 2 and first or "  = ", "      ")
      end
    end
  end
end

local function draw_table(out, node)
  local plan = layout.table(node)
  if node.caption then emit(out, out.paint("head", out.say(node.caption))) end
  if #plan.hoisted > 0 then
    emit_wrapped(out, table.concat(plan.hoisted, "; "), "  all rows: ", "            ")
  end
  local naturals, widths = {}, {}
  for i, column in ipairs(plan.columns) do
    naturals[i] = natural_width(out, plan, i)
    widths[i] = limited(out, column, naturals[i])
  end
  squeeze(out, plan, widths)
  for b, block in ipairs(blocks_of(out, plan, widths)) do
    local own = { table.unpack(widths) }
    if b > 1 then emit(out, "") end
    stretch(out, plan, block, own, naturals)
    head_lines(out, plan, block, own)
    for _, row in ipairs(plan.rows) do row_lines(out, plan, block, own, row) end
  end
  name_legend(out, plan, widths)
  if plan.within then emit_wrapped(out, "(1p) interval within one process", "  ", "  ") end
  if plan.best then emit_wrapped(out, "* best, intervals separate", "  ", "  ") end
  for _, note in ipairs(plan.notes) do emit_wrapped(out, note, "  ", "  ") end
end

local function draw_facts(out, node)
  if node.caption then emit(out, out.paint("head", out.say(node.caption))) end
  local width = 0
  for _, row in ipairs(node.rows) do width = math.max(width, words.width(out.say(row[1]))) end
  width = math.min(width, out.width // 3)
  for _, row in ipairs(node.rows) do
    local label = words.pad(words.shorten(out.say(row[1]), width), width)
    local lines = words.wrap(out.say(row[2]), out.width - width - 4)
    for i, line in ipairs(lines) do
      emit(out, "  " .. (i == 1 and label or string.rep(" ", width)) .. "  " .. line)
    end
  end
end

local function draw_banner(out, node)
  local mark = "[" .. MARKS[node.level] .. "] "
  local lines = words.wrap(out.say(node.text), out.width - #mark)
  for i, line in ipairs(lines) do
    emit(out, i == 1 and out.paint(node.level, mark) .. line or string.rep(" ", #mark) .. line)
  end
  for _, detail in ipairs(node.details or {}) do emit_wrapped(out, detail, "  - ", "    ") end
end

local draw
local DRAW = {
  section = function(out, node)
    local title = out.say(node.title)
    emit(out, out.paint("head", title))
    emit(out, out.paint("head", string.rep(out.double_rule, words.width(title))))
    draw(out, node.nodes)
  end,
  banner = draw_banner,
  paragraph = function(out, node) emit_wrapped(out, node.text, "", "") end,
  note = function(out, node) emit_wrapped(out, node.text, "Note: ", "      ") end,
  list = function(out, node)
    for _, item in ipairs(node.items) do emit_wrapped(out, item, "  - ", "    ") end
  end,
  table = draw_table,
  facts = draw_facts,
  provenance = draw_facts,
}

-- Charts are for HTML; a section of charts alone leaves no trace here.
local function only_charts(node)
  for _, child in ipairs(node.nodes or {}) do
    if child.kind ~= "chart" and not child.for_charts then return false end
  end
  return node.nodes ~= nil
end

draw = function(out, nodes)
  for _, node in ipairs(nodes) do
    if DRAW[node.kind] and not (node.kind == "section" and only_charts(node)) then
      DRAW[node.kind](out, node)
      emit(out, "")
    end
  end
end

local function render(document, options)
  local out = { lines = {}, width = math.max(40, options.width or 80), paint = painter(options) }
  out.say = options.utf8 and function(text) return text end or words.ascii
  out.rule, out.double_rule = options.utf8 and "─" or "-", options.utf8 and "═" or "="
  emit_wrapped(out, document.title, "", "")
  emit(out, "")
  draw(out, document.nodes)
  local kept = {}
  for _, line in ipairs(out.lines) do
    if line ~= "" or kept[#kept] ~= "" then kept[#kept + 1] = line end
  end
  if kept[#kept] == "" then kept[#kept] = nil end
  return table.concat(kept, "\n") .. "\n"
end

return { name = "text", summary = "for a terminal, folded to its width", extensions = { ".txt" }, render = render }

-- markdown.lua: a report for a pull request or a wiki: GitHub's tables, no raw HTML, foreign text
-- escaped so that a name can neither break a table nor become markup.
local layout = require("layout")

local ICONS = { ok = "**OK.** ", info = "**Note.** ", warn = "**Doubt.** ", bad = "**Attention.** " }

-- Every character that Markdown or inline HTML could read as markup; links of bare addresses and
-- mentions are broken by a zero-width-free escape of their first character.
local function escape(text)
  text = text:gsub("[\\`*_{}%[%]<>#|~!$^]", "\\%0"):gsub("&", "&amp;")
  text = text:gsub("\\<", "&lt;"):gsub("\\>", "&gt;"):gsub("@", "&#64;"):gsub("://", "&#58;//")
  return (text:gsub("^(%s*)([-+=])", "%1\\%2"):gsub("^(%s*%d+)([.)]%s)", "%1\\%2"))
end

local function emit(out, text) out[#out + 1] = text end

local function cell(view)
  local text = escape(layout.plain(view))
  return view.best and "**" .. text .. "**" or text
end

local function draw_table(out, node)
  local plan = layout.table(node)
  if node.caption then emit(out, "**" .. escape(node.caption) .. "**\n") end
  if #plan.hoisted > 0 then
    emit(out, "Same in all rows: " .. escape(table.concat(plan.hoisted, "; ")) .. ".\n")
  end
  local heads, rules = {}, {}
  for i, column in ipairs(plan.columns) do
    heads[i] = escape(column.heading)
    rules[i] = column.align == "right" and "---:" or ":---"
  end
  emit(out, "| " .. table.concat(heads, " | ") .. " |")
  emit(out, "| " .. table.concat(rules, " | ") .. " |")
  for _, row in ipairs(plan.rows) do
    local cells = {}
    for i, view in ipairs(row.views) do cells[i] = cell(view) end
    emit(out, "| " .. table.concat(cells, " | ") .. " |")
  end
  emit(out, "")
  if plan.best then emit(out, "Bold: best, intervals separate.") end
  for _, note in ipairs(plan.notes) do emit(out, escape(note)) end
end

local function draw_facts(out, node)
  if node.caption then emit(out, "**" .. escape(node.caption) .. "**\n") end
  emit(out, "| fact | value |\n| :--- | :--- |")
  for _, row in ipairs(node.rows) do
    emit(out, "| " .. escape(row[1]) .. " | " .. escape(row[2]) .. " |")
  end
end

local function draw_list(out, items)
  for _, item in ipairs(items) do emit(out, "- " .. escape(item)) end
end

local function only_charts(node)
  for _, child in ipairs(node.nodes) do
    if child.kind ~= "chart" and not child.for_charts then return false end
  end
  return true
end

local draw
local DRAW = {
  section = function(out, node)
    emit(out, "## " .. escape(node.title) .. "\n")
    draw(out, node.nodes)
  end,
  banner = function(out, node)
    emit(out, ICONS[node.level] .. escape(node.text))
    if node.details and #node.details > 0 then
      emit(out, "")
      draw_list(out, node.details)
    end
  end,
  paragraph = function(out, node) emit(out, escape(node.text)) end,
  note = function(out, node) emit(out, "**Note.** " .. escape(node.text)) end,
  list = function(out, node) draw_list(out, node.items) end,
  table = draw_table,
  facts = draw_facts,
  provenance = draw_facts,
}

draw = function(out, nodes)
  for _, node in ipairs(nodes) do
    if DRAW[node.kind] and not (node.kind == "section" and only_charts(node)) then
      DRAW[node.kind](out, node)
      emit(out, "")
    end
  end
end

local function render(document)
  local out = { "# " .. escape(document.title) .. "\n" }
  draw(out, document.nodes)
  return (table.concat(out, "\n"):gsub("\n\n\n+", "\n\n"):gsub("\n+$", "")) .. "\n"
end

return { name = "markdown", summary = "GitHub Markdown, for pull requests and wikis",
  extensions = { ".md", ".markdown" }, render = render }

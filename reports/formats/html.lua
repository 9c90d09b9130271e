-- html.lua: a report as one self-contained page: style and charts inside, no script, no network.
-- Written as XHTML-clean HTML 5, so that strict parsers read it too.
local layout = require("layout")
local style = require("style")

local WORDS = { ok = "OK", info = "Note", warn = "Doubt", bad = "Attention" }

local function escape(text)
  return (tostring(text):gsub("[&<>\"']", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
    ['"'] = "&quot;", ["'"] = "&#39;" }))
end

local function emit(out, ...)
  for _, piece in ipairs({ ... }) do out[#out + 1] = piece end
end

local function classes(...)
  local list = {}
  for _, name in ipairs({ ... }) do
    if name then list[#list + 1] = name end
  end
  return #list > 0 and ' class="' .. table.concat(list, " ") .. '"' or ""
end

local function figure_html(view)
  local text = escape(view.number or view.text)
  if view.best then text = '<strong>' .. text .. '</strong> <span class="mark">best</span>' end
  if view.mark then text = text .. ' <span class="mark">' .. escape(view.mark) .. "</span>" end
  if view.interval then text = text .. '<span class="iv">' .. escape(view.interval) .. "</span>" end
  if view.within then text = text .. '<span class="iv">within one process</span>' end
  return text
end

local function status_html(view)
  local safe = view.text:gsub("[^%w-]", "")
  return '<span class="st s-' .. safe .. '">' .. escape(view.text) .. "</span>"
end

local function td(column, view, row)
  local name = column.shorten and "name" or column.wrap and "wrap" or nil
  local attributes = classes(column.align == "right" and "r", name, view.na and "na", view.best and "best")
  if column.type == "figure" and not view.na then
    attributes = attributes .. ' data-provenance="' .. escape(view.provenance or row.provenance or "") .. '"'
    if view.title then attributes = attributes .. ' title="' .. escape(view.title .. ", " .. (view.provenance or row.provenance or "")) .. '"' end
  end
  local body = view.status and status_html(view) or view.number and figure_html(view) or escape(view.text)
  if column.key == "name" then return "<th scope=\"row\"" .. attributes .. ">" .. body .. "</th>" end
  return "<td" .. attributes .. ">" .. body .. "</td>"
end

local function table_head(out, plan)
  emit(out, "<thead><tr>")
  for _, column in ipairs(plan.columns) do
    emit(out, '<th scope="col"' .. classes(column.align == "right" and "r") .. ">" .. escape(column.heading) .. "</th>")
  end
  emit(out, "</tr></thead>\n<tbody>\n")
end

local function draw_table(out, node)
  local plan = layout.table(node)
  if #plan.hoisted > 0 then
    emit(out, '<p class="soft">Same in all rows: ', escape(table.concat(plan.hoisted, "; ")), ".</p>\n")
  end
  emit(out, '<div class="wide" tabindex="0" role="region" aria-label="', escape(node.caption or node.id), '"><table id="t-', escape(node.id), '">\n')
  if node.caption then emit(out, "<caption>", escape(node.caption), "</caption>\n") end
  table_head(out, plan)
  for _, row in ipairs(plan.rows) do
    emit(out, "<tr" .. classes(row.class and "row " .. row.class:gsub("[^%w-]", "")) .. ">")
    for i, view in ipairs(row.views) do emit(out, td(plan.columns[i], view, row)) end
    emit(out, "</tr>\n")
  end
  emit(out, "</tbody></table></div>\n")
  for _, note in ipairs(plan.notes) do emit(out, '<p class="soft">', escape(note), "</p>\n") end
end

local function draw_facts(out, node)
  if node.caption then emit(out, "<h3>", escape(node.caption), "</h3>\n") end
  emit(out, "<dl>\n")
  for _, row in ipairs(node.rows) do
    emit(out, "<dt>", escape(row[1]), "</dt><dd>", escape(row[2]), "</dd>\n")
  end
  emit(out, "</dl>\n")
end

local function draw_list(out, items)
  emit(out, "<ul>")
  for _, item in ipairs(items) do emit(out, "<li>", escape(item), "</li>") end
  emit(out, "</ul>\n")
end

local function draw_banner(out, node)
  emit(out, '<div class="banner ', node.level, '" role="note"><b>', WORDS[node.level], ".</b> ", escape(node.text))
  if node.details and #node.details > 0 then draw_list(out, node.details) end
  emit(out, "</div>\n")
end

local function legend_html(out, legend)
  emit(out, '<table class="legend"><caption>Full names</caption><thead><tr><th scope="col">#</th><th scope="col">cell</th></tr></thead><tbody>')
  for _, row in ipairs(legend) do
    emit(out, '<tr><td class="r">', escape(row[1]), '</td><th scope="row" class="name">', escape(row[2]), "</th></tr>")
  end
  emit(out, "</tbody></table>\n")
end

local function draw_chart(out, node, options)
  local svg = options.charts and options.charts[node.id]
  if not svg then return end
  emit(out, '<figure id="f-', node.id, '"><figcaption>', escape(node.title), "</figcaption>\n", svg, "\n")
  emit(out, "<details><summary>", node.legend and "Full names, and the chart in words" or "The chart in words", "</summary>")
  if node.legend then legend_html(out, node.legend) end
  emit(out, "<p>", escape(node.desc or ""), "</p></details></figure>\n")
end

local draw
local DRAW = {
  section = function(out, node, options)
    emit(out, '<section id="', node.id, '" aria-labelledby="h-', node.id, '">\n<h2 id="h-', node.id, '">', escape(node.title), "</h2>\n")
    draw(out, node.nodes, options)
    emit(out, "</section>\n")
  end,
  banner = draw_banner,
  paragraph = function(out, node) emit(out, "<p>", escape(node.text), "</p>\n") end,
  note = function(out, node)
    emit(out, '<div class="banner ', node.level or "info", '" role="note">', escape(node.text), "</div>\n")
  end,
  list = function(out, node) draw_list(out, node.items) end,
  table = draw_table,
  facts = draw_facts,
  provenance = draw_facts,
  chart = draw_chart,
}

draw = function(out, nodes, options)
  for _, node in ipairs(nodes) do
    if DRAW[node.kind] then DRAW[node.kind](out, node, options) end
  end
end

local function navigation(out, nodes)
  emit(out, '<nav aria-label="Sections"><ul>')
  for _, node in ipairs(nodes) do
    if node.kind == "section" then
      emit(out, '<li><a href="#', node.id, '">', escape(node.title), "</a></li>")
    end
  end
  emit(out, "</ul></nav>\n")
end

local function render(document, options)
  local out = {}
  emit(out, '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml">\n<head>\n<meta charset="utf-8"/>\n',
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n',
    '<meta name="generator" content="', escape(options.program or "railgauge"), '"/>\n',
    "<title>", escape(document.title), "</title>\n<style>\n", style, "</style>\n</head>\n<body>\n",
    "<header><h1>", escape(document.title), "</h1></header>\n")
  navigation(out, document.nodes)
  emit(out, "<main>\n")
  draw(out, document.nodes, options)
  emit(out, "</main>\n<footer>Made by ", escape(options.program or "railgauge"),
    ". This file holds everything it shows and asks nothing of the network.</footer>\n</body>\n</html>\n")
  return table.concat(out)
end

return { name = "html", summary = "one self-contained page with charts, for screen and print",
  extensions = { ".html", ".htm" }, charts = true, render = render }

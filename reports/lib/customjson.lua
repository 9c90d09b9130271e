-- customjson.lua: github-action-benchmark's own JSON, a list of {name, unit, value, range, extra}. Its
-- tools take one direction a file, so there is a format for each.
local encode = require("encode")
local export = require("export")

local function entry(data, cell, field, figure)
  local item = { name = export.name(data, cell) .. " " .. field.key, unit = field.unit,
    value = figure.value, extra = string.format("%s, %d rounds, n %d%s", cell.provenance, cell.rounds,
      math.tointeger(figure.n or 0) or 0, #cell.flags > 0 and ", " .. table.concat(cell.flags, " ") or "") }
  if figure.low then item.range = string.format("%.6g .. %.6g", figure.low, figure.high) end
  return item
end

-- The format for figures whose better direction is `better`.
return function(name, better, summary)
  local function render(document)
    local data, fields = export.data(document)
    local list = {}
    for _, cell in ipairs(data.cells) do
      for _, key in ipairs(export.counts(cell) and export.KEYS or {}) do
        local field, figure = fields[key], export.figure(cell, key)
        if field and figure and field.better == better then
          list[#list + 1] = entry(data, cell, field, figure)
        end
      end
    end
    return encode(list) .. "\n"
  end
  return { name = name, summary = summary, extensions = {}, render = render }
end

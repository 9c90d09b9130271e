-- words.lua: text for people: cleaning of foreign names, columns on a terminal, wrapping,
-- shortening, plurals. Foreign text never reaches an output without passing clean().
local words = {}

local WIDE = { { 0x1100, 0x115F }, { 0x2E80, 0x303E }, { 0x3041, 0xA4CF }, { 0xAC00, 0xD7A3 },
  { 0xF900, 0xFAFF }, { 0xFE30, 0xFE6F }, { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 },
  { 0x1F300, 0x1FAFF }, { 0x20000, 0x3FFFD } }
-- Controls, direction overrides, line separators, byte-order mark: they can forge a line.
local UNSAFE = { { 0, 31 }, { 127, 159 }, { 0x200B, 0x200F }, { 0x2028, 0x202E },
  { 0x2060, 0x206F }, { 0xFEFF, 0xFEFF }, { 0xFFF9, 0xFFFB } }

local function within(ranges, code)
  for _, range in ipairs(ranges) do
    if code >= range[1] and code <= range[2] then return true end
  end
  return false
end

-- One line without control characters; what is not UTF-8 becomes '?'.
function words.clean(text)
  text = tostring(text)
  if not text:find("[^\32-\126]") then return text end
  if not utf8.len(text) then text = text:gsub("[\128-\255]", "?") end
  local out = {}
  for _, code in utf8.codes(text) do
    local space = code == 9 or code == 10 or code == 13
    out[#out + 1] = space and " " or within(UNSAFE, code) and "?" or utf8.char(code)
  end
  return table.concat(out)
end

local ASCII = { ["–"] = "-", ["—"] = "-", ["…"] = "...", ["×"] = "x", ["µ"] = "u", ["±"] = "+-",
  ["≥"] = ">=", ["≤"] = "<=", ["→"] = "->", ["“"] = '"', ["”"] = '"', ["’"] = "'" }

-- The same text in ASCII alone, for terminals that speak nothing else.
function words.ascii(text)
  if not text:find("[\128-\255]") then return text end
  return (text:gsub("[\194-\244][\128-\191]*", function(char) return ASCII[char] or "?" end))
end

local function char_width(code)
  return code >= 0x300 and code <= 0x36F and 0 or within(WIDE, code) and 2 or 1
end

-- Columns that cleaned text takes on a terminal.
function words.width(text)
  if not text:find("[\128-\255]") then return #text end
  local columns = 0
  for _, code in utf8.codes(text) do columns = columns + char_width(code) end
  return columns
end

-- The first `columns` columns of text, and the rest.
local function split_at(text, columns)
  local used = 0
  for position, code in utf8.codes(text) do
    used = used + char_width(code)
    if used > columns then return text:sub(1, position - 1), text:sub(position) end
  end
  return text, ""
end

local function tail(text, columns)
  local total = words.width(text)
  local _, rest = split_at(text, total - columns)
  return rest
end

-- At most `columns` columns: the middle gives way, since heads and tails tell names apart.
function words.shorten(text, columns)
  if words.width(text) <= columns then return text end
  local head = (columns - 2) // 2
  return (split_at(text, head)) .. ".." .. tail(text, columns - 2 - head)
end

function words.pad(text, columns, align)
  local gap = string.rep(" ", math.max(0, columns - words.width(text)))
  return align == "right" and gap .. text or text .. gap
end

-- Lines of at most `columns` columns; words longer than a line are cut.
function words.wrap(text, columns)
  local lines, line = {}, ""
  for word in text:gmatch("%S+") do
    if line ~= "" and words.width(line) + 1 + words.width(word) > columns then
      lines[#lines + 1], line = line, ""
    end
    while words.width(word) > columns do
      local head, rest = split_at(word, columns)
      if line ~= "" then lines[#lines + 1], line = line, "" end
      if head == "" then break end
      lines[#lines + 1], word = head, rest
    end
    line = line == "" and word or line .. " " .. word
  end
  if line ~= "" then lines[#lines + 1] = line end
  return lines
end

-- "1 cell", "3 cells".
function words.count(n, noun)
  return n .. " " .. noun .. (n == 1 and "" or "s")
end

-- "a", "a and b", "a, b and c"; beyond `most` the rest is counted.
function words.join(items, most)
  local list = {}
  for i, item in ipairs(items) do
    if most and i > most then
      list[#list + 1] = (#items - most) .. " more"
      break
    end
    list[#list + 1] = tostring(item)
  end
  if #list < 2 then return list[1] or "" end
  local last = table.remove(list)
  return table.concat(list, ", ") .. " and " .. last
end

return words

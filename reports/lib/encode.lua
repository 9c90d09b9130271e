-- encode.lua: values as JSON text: members in sorted order, numbers with every digit, an empty table
-- as a list.
local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function text(value)
  return '"' .. value:gsub('[%c"\\\127]', function(char)
    return ESCAPES[char] or string.format("\\u%04x", char:byte())
  end) .. '"'
end

local function number(value)
  if math.type(value) == "integer" then return string.format("%d", value) end
  if value ~= value or value == math.huge or value == -math.huge then return "null" end
  if value == math.floor(value) and math.abs(value) < 1e15 then return string.format("%.1f", value) end
  return string.format("%.17g", value)
end

local encode

local function encode_list(list, indent)
  local parts, inner = {}, indent .. " "
  for i, item in ipairs(list) do parts[i] = inner .. encode(item, inner) end
  return "[\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "]"
end

local function encode_object(object, indent)
  local keys, parts, inner = {}, {}, indent .. " "
  for key in pairs(object) do keys[#keys + 1] = tostring(key) end
  table.sort(keys)
  for i, key in ipairs(keys) do parts[i] = inner .. text(key) .. ": " .. encode(object[key], inner) end
  return "{\n" .. table.concat(parts, ",\n") .. "\n" .. indent .. "}"
end

encode = function(value, indent)
  indent = indent or ""
  local kind = type(value)
  if kind == "string" then return text(value) end
  if kind == "number" then return number(value) end
  if kind == "boolean" then return tostring(value) end
  if kind ~= "table" then return "null" end
  if #value > 0 then return encode_list(value, indent) end
  if next(value) == nil then return "[]" end
  return encode_object(value, indent)
end

return encode

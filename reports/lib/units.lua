-- units.lua: figures to words. One unit a column where values allow it, as many digits as the
-- interval supports, and `n/a (reason)` for what is missing. Used by every format for people.
local units = {}

-- unit of a record's field -> steps from large to small: {size in the field's unit, name}
local steps = {
  ns = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" } },
  bytes = { { 2 ^ 40, "TiB" }, { 2 ^ 30, "GiB" }, { 2 ^ 20, "MiB" }, { 2 ^ 10, "KiB" }, { 1, "B" } },
  ["bytes/s"] = { { 2 ^ 30, "GiB/s" }, { 2 ^ 20, "MiB/s" }, { 2 ^ 10, "KiB/s" }, { 1, "B/s" } },
  ["1/s"] = { { 1e6, "M/s" }, { 1, "/s" } },
  TOPS = { { 1, "TOPS" }, { 1e-3, "GOPS" }, { 1e-6, "MOPS" } },
  ["TOPS/W"] = { { 1, "TOPS/W" }, { 1e-3, "GOPS/W" }, { 1e-6, "MOPS/W" } },
  uJ = { { 1e6, "J" }, { 1e3, "mJ" }, { 1, "uJ" }, { 1e-3, "nJ" } },
  mW = { { 1e3, "W" }, { 1, "mW" }, { 1e-3, "uW" } },
  dB = { { 1, "dB" } },
  share = { { 0.01, "%" } },
  ["1"] = { { 1e9, "G" }, { 1e6, "M" }, { 1e3, "k" }, { 1, "" } },
}

local function step_for(unit, value)
  local list = steps[unit]
  if not list then return { 1, unit or "" } end
  for _, step in ipairs(list) do
    if math.abs(value) >= 0.9995 * step[1] then return step end
  end
  return value == 0 and list[1] or list[#list]
end

-- Digits after the point: three significant ones, more (at most five) where the interval is so
-- narrow that three would hide its width.
local function decimals(size, half_width)
  size = math.abs(size)
  if size == 0 then return 0 end
  local exponent = math.floor(math.log(size, 10) + 1e-9)
  local wanted = 2 - exponent
  if half_width and half_width > 0 then
    local fine = 1 - math.floor(math.log(half_width, 10) + 1e-9)
    wanted = math.min(math.max(wanted, fine), 4 - exponent)
  end
  return math.max(0, math.min(wanted, 6))
end

local function whole(value)
  return value == math.floor(value) and math.abs(value) < 2 ^ 53
end

-- 1234567.8 -> "1 234 567"; the gap tells groups apart in any locale.
function units.grouped(value)
  if math.abs(value) >= 2 ^ 53 then return string.format("%.3g", value) end
  value = math.floor(value)
  local digits = string.format("%d", value)
  local sign, body = digits:match("^(-?)(%d+)$")
  body = body:reverse():gsub("(%d%d%d)", "%1 "):reverse():gsub("^ ", "")
  return sign .. body
end

local function fixed(value, places)
  if places == 0 then return units.grouped(value + 0.5) end
  return string.format("%." .. places .. "f", value)
end

-- The unit that a whole column can share, or nil when its values lie too far apart for one.
function units.common(unit, figures)
  local low, high
  for _, figure in ipairs(figures) do
    local value = figure.value and math.abs(figure.value)
    if value and value > 0 then
      low = math.min(low or value, value)
      high = math.max(high or value, value)
    end
  end
  if not low then return nil end
  local step = step_for(unit, math.sqrt(low) * math.sqrt(high))
  if high / low > 500 or low / step[1] < 0.01 then return nil end
  return step
end

local function has_interval(figure)
  return figure.low and figure.high and true or false
end
units.has_interval = has_interval

-- Parts of a figure: text of the number, unit, interval text (or nil), na text (or nil).
-- `step` is the column's unit (from units.common) or nil for the figure's own.
-- Digits follow the interval only where it is shown beside them.
function units.parts(figure, unit, step, show_interval)
  if not figure then return { na = "n/a (not-measured)" } end
  if not figure.value then return { na = "n/a (" .. (figure.na or "not-available") .. ")" } end
  local own = step or step_for(unit, figure.value)
  local value = figure.value / own[1]
  if unit == "1" and not step and whole(figure.value) and math.abs(figure.value) < 1e5 then
    own, value = { 1, "" }, figure.value
  end
  local parts = { unit = own[2] }
  if own[1] == 1 and whole(value) and (unit == "1" or unit == "bytes") then
    parts.number = units.grouped(value)
  else
    local half = show_interval and has_interval(figure) and (figure.high - figure.low) / 2 / own[1] or nil
    local places = decimals(value, half)
    parts.number = fixed(value, places)
    if half then
      parts.interval = "[" .. fixed(figure.low / own[1], places) .. ", " ..
        fixed(figure.high / own[1], places) .. "]"
    end
  end
  return parts
end

-- One line: "1.23 ms [1.20, 1.26]" or "n/a (no-sensor)".
function units.text(figure, unit)
  local parts = units.parts(figure, unit, nil, true)
  if parts.na then return parts.na end
  local text = parts.number
  if parts.unit ~= "" then text = text .. (parts.unit:sub(1, 1) == "/" and "" or " ") .. parts.unit end
  if parts.interval then text = text .. " " .. parts.interval end
  return text
end

-- A change b/a as "+3.1 %".
function units.change(from, to)
  if not from or not to or from == 0 then return "n/a" end
  return string.format("%+.1f %%", (to / from - 1) * 100)
end

return units

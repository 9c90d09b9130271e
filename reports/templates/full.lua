-- full.lua: the summary with every figure that its table of cells leaves out: start-up phases,
-- further percentiles, memory, host, counters, agreement, edge savings.
local summary = require("summary")

return {
  name = "full",
  summary = "the summary and every further figure that was recorded",
  build = function(data) return summary.build(data, true) end,
}

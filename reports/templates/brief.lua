-- brief.lua: what a run's end shows on the terminal: the first part of the summary.
local summary = require("summary")

return {
  name = "brief",
  summary = "verdict, cells and refusals only, as shown at the end of a run",
  build = function(data) return summary.brief(data) end,
}

-- Which power mode or governor does a model want: how fast is it in each, and what does it cost?
--
--   sudo railgauge run scenarios/power-modes.lua --set modes=15W,25W,MAXN     # a Jetson's
--   sudo railgauge run scenarios/power-modes.lua --set governors=powersave,performance
--
-- Each is set before its rounds and put back when the run ends, however it ends. Without either
-- option the model runs once, with the machine as it is. docs/machine-state.md tells more.

local common = require "common"
local model = common.model("ds-cnn")
local target = common.target()
local modes = rg.option("modes", {default = "",
    help = "power modes by name or number, with commas between them"})
local governors = rg.option("governors", {default = "",
    help = "cpufreq governors, with commas between them"})
local idle = rg.option("idle", {type = "duration", default = "3s",
    help = "how long to leave it alone before and after"})
local window = rg.option("window", {type = "duration", default = "5s",
    help = "how long to run it, each round, at least"})
local tier = common.tier()

-- "15W,7W" as a list; nil for none, which leaves the factor out of the matrix.
local function words(text)
    local list = {}
    for word in text:gmatch("[^, ]+") do
        list[#list + 1] = word
    end
    return #list > 0 and list or nil
end

return rg.scenario {
    name = "power-modes",
    summary = "Latency and joules of one inference in each power mode and governor",
    tier = {name = tier, min_time = window, cap = "120s"},
    measure = {power = true, idle = idle},
    cells = rg.matrix {model = model, target = target, power_mode = words(modes), governor = words(governors)},
}

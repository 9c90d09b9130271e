-- What would the harness say of a device that behaves like this? Simulated devices on virtual time.
--
--   railgauge run scenarios/sim.lua
--   railgauge run scenarios/sim.lua --set mode=bimodal --set latency=500us
--   railgauge run scenarios/sim.lua --set slow=1.1      # a planted regression of 10 % for the gate
--   railgauge run scenarios/sim.lua --set fail=crash    # or hang garbage wrong print
--
-- The same options give the same figures to the last digit, on every machine. `slow`, `fail` and
-- `seed` belong to the arm of a comparison: they are not part of a cell's key, so that the gate
-- compares the run with them to the run without.

local common = require "common"
local latency = rg.option("latency", {type = "duration", default = "1ms",
    help = "median latency of one request"})
local jitter = rg.option("jitter", {default = 0.02, min = 0, max = 1,
    help = "spread of latency (standard deviation of its logarithm)"})
local tail_share = rg.option("tail_share", {default = 0.02, min = 0, max = 1,
    help = "share of requests in the slow tail"})
local tail_factor = rg.option("tail_factor", {default = 1.5, min = 1, max = 1000,
    help = "how much slower the tail is"})
local mode = rg.option("mode", {default = "steady",
    choices = {"steady", "bimodal", "hot", "stalled", "bursty"}, help = "behaviour over time"})
local power_mw = rg.option("power_mw", {default = 5000, min = 0, max = 1000000,
    help = "power drawn when busy, in milliwatt"})
local idle_mw = rg.option("idle_mw", {default = 2000, min = 0, max = 1000000,
    help = "power drawn when idle, in milliwatt"})
local in_flight = rg.option("in_flight", {default = 4, min = 1, max = 64,
    help = "requests in flight on the asynchronous device"})
local slow = rg.option("slow", {default = 1.0, min = 0.001, max = 1000,
    help = "factor on every latency: a planted change"})
local fail = rg.option("fail", {default = "none",
    choices = {"none", "crash", "hang", "garbage", "wrong", "print"}, help = "what goes wrong"})
local seed = rg.option("seed", {default = 1, min = 0, help = "start of the device's randomness"})
local power = rg.option("power", {default = true, help = "sample the simulated rail"})
local tier = common.tier()

-- Only what differs from the target's own values, which are the defaults above, is written into the
-- cells: so their names stay short.
local given = {
    latency = {latency, "1ms"}, jitter = {jitter, 0.02}, tail_share = {tail_share, 0.02},
    tail_factor = {tail_factor, 1.5}, mode = {mode, "steady"}, power_mw = {power_mw, 5000},
    idle_mw = {idle_mw, 2000},
}
local options = {}
for key, pair in pairs(given) do
    if pair[1] ~= pair[2] then
        options[key] = pair[1]
    end
end
local arm = {slow = slow, fail = fail, seed = seed}

return rg.scenario {
    name = "sim",
    summary = "Simulated devices, one request at a time and several in flight",
    tier = tier,
    measure = {power = power, rails = power and {"sim"} or nil},
    cells = {
        {model = rg.empty(64), target = "sim", options = options, arm = arm},
        {model = rg.empty(64), target = "sim-async", options = options, arm = arm,
            pattern = {"in_flight", n = in_flight}},
    },
}

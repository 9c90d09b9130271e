-- What does the device sustain once it is hot: burst and steady latency, time to throttle, joules of both?
--
--   railgauge run scenarios/soak.lua --set model=net.tflite
--   railgauge run scenarios/soak.lua --set duration=30m --set hz=30      # at a camera's pace
--   railgauge run scenarios/soak.lua --set target=sim --set throttle_after=90s
--
-- It runs from the cold start until neither temperature nor latency has a slope, or until the time
-- is over. Begin with a cool device. Where no temperature can be read it runs for the whole time.

local common = require "common"
local model = common.model("ds-cnn")
local target = common.target()
local duration = rg.option("duration", {type = "duration", default = "10m", help = "ends by then, steady or not"})
local hz = rg.option("hz", {default = 0.0, min = 0, max = 1000000,
    help = "requests a second; 0: back to back"})
local threads = rg.option("threads", {default = 0, min = 0, max = 1024,
    help = "threads; 0: the target's own choice"})
local rounds = rg.option("rounds", {default = 1, min = 1, max = 100, help = "how often, each after the last"})
local power = rg.option("power", {default = true, help = "sample the power rails"})
local throttle_after = rg.option("throttle_after", {type = "duration", default = "0s",
    help = "of the simulated device: when heat slows it down; 0s: never"})

return rg.scenario {
    name = "soak",
    summary = "Burst and steady latency, time to throttle, joules of both",
    tier = {name = "quick", rounds = rounds},
    measure = {power = power, idle = "2s"},
    cells = {
        {
            model = model,
            target = target,
            threads = threads,
            options = throttle_after ~= "0s" and {throttle_after = throttle_after} or nil,
            pattern = {"soak", duration = duration, hz = hz > 0 and hz or nil},
        },
    },
}

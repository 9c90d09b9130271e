-- Does the model keep up with a camera, and how late are its answers when requests come by themselves?
--
--   railgauge run scenarios/paced.lua --set model=net.tflite --set hz=30
--   railgauge run scenarios/paced.lua --set hz=15,30,60 --set arrivals=poisson --set deadline=50ms
--   railgauge run scenarios/paced.lua --set hz=200 --set queue=2 --set window=30s
--
-- Requests come at their own rate whether or not the device is ready (an open loop). Latency counts
-- from the intended time, so waiting behind a slow request is part of it. Without a deadline, paced
-- requests have one period. Who finds the queue full is dropped, and has missed its deadline.

local common = require "common"
local model = common.model("ds-cnn")
local target = common.target()
local hz = rg.option("hz", {default = "30", help = "requests a second; several with commas between them"})
local arrivals = rg.option("arrivals", {default = "paced", choices = {"paced", "poisson"},
    help = "evenly spaced, or at random (seeded)"})
local deadline = rg.option("deadline", {type = "duration", default = "0s",
    help = "a request that takes longer has missed it; 0s: one period of paced requests, else none"})
local queue = rg.option("queue", {default = -1, min = -1, max = 1000000,
    help = "requests that may wait, more are dropped; -1: any number"})
local in_flight = rg.option("in_flight", {default = 1, min = 1, max = 256,
    help = "most requests in flight at once"})
local threads = rg.option("threads", {default = 1, min = 0, max = 1024,
    help = "threads; 0: the target's own choice"})
local window = rg.option("window", {type = "duration", default = "5s",
    help = "how long requests come, each round, at least"})
local power = rg.option("power", {default = false, help = "sample the power rails"})
local tier = common.tier()

local patterns = {}
for rate in hz:gmatch("[^, ]+") do
    patterns[#patterns + 1] = {arrivals, hz = tonumber(rate) or rate, queue = queue >= 0 and queue or nil,
        n = in_flight > 1 and in_flight or nil}
end

return rg.scenario {
    name = "paced",
    summary = "Latency, deadline misses and drops of requests that come by themselves",
    tier = {name = tier, min_time = window},
    measure = {power = power},
    cells = rg.matrix {
        model = model,
        target = target,
        threads = threads,
        pattern = patterns,
        deadline = deadline ~= "0s" and deadline or nil,
    },
}

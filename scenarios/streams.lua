-- How many cameras can this device serve? The largest number of streams that hold their deadline.
--
--   railgauge run scenarios/streams.lua --set model=net.tflite --set fps=30 --set deadline=33ms
--   railgauge run scenarios/streams.lua --set fps=15 --set drops=0 --set most=128
--   railgauge run scenarios/streams.lua --set in_flight=4 --set target=hailo
--
-- Each stream sends its frames at a time of its own, whether or not the device is ready. A frame
-- that is late, or dropped because the queue (one frame a stream) is full, is missed. A number of
-- streams holds when the share of missed frames is at most `drops` and the wait does not grow.

local common = require "common"
local model = common.model("ds-cnn")
local target = common.target()
local fps = rg.option("fps", {default = 30.0, min = 0.001, max = 1000000, help = "frames a second of each stream"})
local deadline = rg.option("deadline", {type = "duration", default = "0s",
    help = "a frame that takes longer has missed it; 0s: the time between two frames"})
local drops = rg.option("drops", {default = 0.01, min = 0, max = 1,
    help = "share of frames that may be late or dropped"})
local most = rg.option("most", {default = 64, min = 1, max = 1024, help = "no more streams are tried"})
local search = rg.option("search", {default = "bisect", choices = {"bisect", "climb"},
    help = "by halving, or one stream after the other"})
local in_flight = rg.option("in_flight", {default = 1, min = 1, max = 256, help = "most frames in flight at once"})
local threads = rg.option("threads", {default = 1, min = 0, max = 1024,
    help = "threads; 0: the target's own choice"})
local power = rg.option("power", {default = false, help = "sample the power rails"})
local tier = common.tier()

return rg.scenario {
    name = "streams",
    summary = "The largest number of streams that hold their deadline",
    tier = tier,
    measure = {power = power},
    cells = {
        {
            model = model,
            target = target,
            threads = threads,
            deadline = deadline ~= "0s" and deadline or nil,
            pattern = {"streams", fps = fps, drops = drops, most = most, search = search,
                n = in_flight > 1 and in_flight or nil},
        },
    },
}

-- Does everything work here, from a scenario to a report? The demo: small models on this machine.
--
--   railgauge run scenarios/first-light.lua --out runs/
--
-- MLPerf Tiny's networks run one request at a time; one of them with two requests in flight;
-- two cells run on simulated devices; and one cell asks for an accelerator that few machines have,
-- to show how a refusal looks. Takes less than two minutes.

local common = require "common"
local tier = common.tier()

return rg.scenario {
    name = "first-light",
    summary = "Small models on this machine, a simulated device, and one refusal",
    tier = tier,
    cells = {
        rg.matrix {
            model = rg.suite("tiny"),
            target = "cpu",
            threads = 1,
            pattern = {"single_stream"},
        },
        {model = "ds-cnn", target = "cpu", threads = 1, pattern = {"in_flight", n = 2}},

        -- The same network on devices that exist only here: one takes requests one by one, the
        -- other several at once. Their figures are marked as simulated and never ranked.
        {model = "ds-cnn", target = "sim", options = {latency = "2ms"}},
        {model = "ds-cnn", target = "sim-async", options = {latency = "2ms"},
            pattern = {"in_flight", n = 4}},

        -- Where there is no such device the report says why, and what to try.
        {model = "ds-cnn", target = "edgetpu"},
    },
}

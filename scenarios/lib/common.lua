-- Options that several scenarios share. Loaded by require "common".

local common = {}

-- How much to measure; see measurement tiers in docs/request.md.
function common.tier(default)
    return rg.option("tier", {default = default or "quick",
        choices = {"quick", "standard", "procurement", "smoke"}, help = "how much to measure"})
end

function common.target(default)
    return rg.option("target", {default = default or "cpu",
        help = "where to run; `railgauge list targets` shows them"})
end

-- A suite model's name or a model file, with the logical name that reports and the gate use.
function common.model(default)
    local model = rg.option("model", {type = "model", default = default,
        help = "suite model, or a model file (path from where you are)"})
    local name = rg.option("name", {default = "",
        help = "logical name, so that an old and a new file meet in one cell"})
    if not model then
        return nil -- only --help asks without a model
    end
    return rg.model(model, name ~= "" and name or nil)
end

return common

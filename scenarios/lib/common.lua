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

-- Several: suite models, sets of them and files, with commas between. Returns a list for a matrix.
function common.models(default)
    local list = {}
    local given = rg.option("models", {type = "models", default = default,
        help = "suite models, sets of them and model files, with commas between"})
    for _, name in ipairs(given or {}) do list[#list + 1] = rg.model(name) end
    return list
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

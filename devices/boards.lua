-- Which rail of which board is what. A board is known by its device tree; a rail by its label.
-- chip: the monitor, where the label alone does not tell.
-- role: total (stands for its scope), component (all components of a scope together make it), excluded (measured, but
-- part of another rail, or foreign). scope: accelerator gpu cpu module board-in wall. parent: label of the feeding rail.
-- Each row has a source and its grade (A read in a primary source, B seen in excerpt, C forum or blog, D from memory).
-- no_sensor: the board is known to measure nothing itself, in words that go behind its name.
-- A board that is not here sums nothing, and says so.
local function total(label, scope) return { label = label, scope = scope or "module", role = "total" } end
local function part(label) return { label = label, scope = "module", role = "component" } end
-- monitors whose driver gives no labels are known by their chip
local function chip(name, scope, role) return { label = "power", chip = name, scope = scope, role = role } end
local function child(label, parent) return { label = label, scope = "module", role = "excluded", parent = parent } end

local orin_nx_nano = {
  total("VDD_IN"), child("VDD_CPU_GPU_CV", "VDD_IN"), child("VDD_SOC", "VDD_IN"),
}

return {
  { board = "Jetson Nano", compatible = { "nvidia,p3450-0000", "nvidia,p3449-0000+p3448-0000" },
    rails = { total("POM_5V_IN"), child("POM_5V_GPU", "POM_5V_IN"), child("POM_5V_CPU", "POM_5V_IN") },
    source = "NVIDIA Jetson Linux developer guide, power monitor chapter", grade = "B", date = "2026-08" },
  { board = "Jetson Nano 2GB", compatible = { "nvidia,p3542-0000+p3448-0003" }, rails = {},
    no_sensor = "has no power monitor",
    source = "NVIDIA Jetson Linux developer guide names no monitor for it; owners confirm", grade = "C", date = "2026-08" },
  { board = "Jetson TX2", compatible = { "nvidia,quill", "nvidia,p2771-0000" },
    rails = { total("VDD_IN"), child("VDD_SYS_GPU", "VDD_IN"), child("VDD_SYS_SOC", "VDD_IN"),
      child("VDD_4V0_WIFI", "VDD_IN"), child("VDD_SYS_CPU", "VDD_IN"), child("VDD_SYS_DDR", "VDD_IN") },
    source = "NVIDIA Jetson Linux developer guide, power monitor chapter", grade = "B", date = "2026-08" },
  { board = "Jetson Xavier NX", compatible = { "nvidia,p3668-0000", "nvidia,p3668-0001", "nvidia,p3509-0000+p3668-0000" },
    rails = { total("VDD_IN"), child("VDD_CPU_GPU_CV", "VDD_IN"), child("VDD_SOC", "VDD_IN") },
    source = "NVIDIA Jetson Linux developer guide, power monitor chapter", grade = "B", date = "2026-08" },
  { board = "Jetson AGX Xavier", compatible = { "nvidia,p2888-0001", "nvidia,p2822-0000+p2888-0001" },
    rails = { part("GPU"), part("CPU"), part("SOC"), part("CV"), part("VDDRQ"), part("SYS5V") },
    source = "NVIDIA Jetson Linux developer guide, power monitor chapter", grade = "B", date = "2026-08" },
  { board = "Jetson Orin NX or Orin Nano", compatible = { "nvidia,p3767-0000", "nvidia,p3767-0001", "nvidia,p3767-0003",
      "nvidia,p3767-0004", "nvidia,p3767-0005", "nvidia,p3768-0000+p3767-0005" },
    rails = orin_nx_nano,
    source = "NVIDIA Jetson Linux developer guide, power monitor chapter", grade = "B", date = "2026-08" },
  { board = "Jetson AGX Orin", compatible = { "nvidia,p3701-0000", "nvidia,p3701-0004", "nvidia,p3701-0005",
      "nvidia,p3737-0000+p3701-0000", "nvidia,p3737-0000+p3701-0005" },
    rails = { part("VDD_GPU_SOC"), part("VDD_CPU_CV"), part("VIN_SYS_5V0"), child("VDDQ_VDD2_1V8AO", "VIN_SYS_5V0") },
    source = "NVIDIA Jetson Linux developer guide, power monitor chapter", grade = "B", date = "2026-08" },
  { board = "Jetson AGX Thor", compatible = { "nvidia,p3834-0008", "nvidia,p4071-0000+p3834-0008", "nvidia,p3971-0080+p3834-0008",
      "nvidia,p3971-0089+p3834-0008" },
    rails = { part("VDD_GPU"), part("VDD_CPU_SOC_MSS"), part("VIN_SYS_5V0"), chip("ina238", "board-in", "total") },
    source = "NVIDIA forum threads on power readings; that the three make the module is not confirmed by NVIDIA", grade = "C",
    date = "2026-08" },
  { board = "Hailo-15", compatible = { "hailo,hailo15" },
    rails = { chip("ina231_precise", "module", "total") },
    source = "HailoRT 5.2 reads this monitor as the SoC's power; what else a board hangs on it is not known", grade = "C",
    date = "2026-11" },
  { board = "Jetson TX1", compatible = { "nvidia,p2371-2180" },
    rails = { total("VDD_IN"), child("VDD_GPU", "VDD_IN"), child("VDD_CPU", "VDD_IN") },
    source = "NVIDIA Jetson Linux developer guide, power monitor chapter; VDD_MUX of the carrier is left without a role", grade = "B",
    date = "2026-08" },
  { board = "Jetson TX2 NX", compatible = { "nvidia,p3509-0000+p3636-0001", "nvidia,p3636-0001" },
    rails = { total("VDD_IN"), child("VDD_CPU_GPU", "VDD_IN"), child("VDD_SOC", "VDD_IN") },
    source = "NVIDIA Jetson Linux developer guide, power monitor chapter", grade = "B", date = "2026-08" },
}

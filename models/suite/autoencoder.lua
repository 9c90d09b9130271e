-- Deep autoencoder for anomaly detection (MLPerf Tiny, ToyADMOS): 640 spectrogram values in, the same out.
local net = require "net"
local m = net.new { name = "autoencoder", summary = "MLPerf Tiny anomaly detection: dense 640-128x4-8-128x4-640", input = { 1, 640 }, low = -3, high = 3, seed = 11 }
local x = m.input
for _, units in ipairs { 128, 128, 128, 128, 8, 128, 128, 128, 128 } do x = m:dense { x, units = units, act = "relu" } end
return m:done { m:dense { x, units = 640 },
  published = { macs = 264192, within = 0, source = "mlcommons/tiny ad01 reference model, counted from its published .tflite" } }

-- MobileNet v1, width 0.25, 96 x 96, two classes: visual wake words (MLPerf Tiny).
return require("mobilenet").v1 { name = "mobilenet-v1-0.25-vww", summary = "MLPerf Tiny visual wake words: MobileNet v1 0.25 at 96x96",
  alpha = 0.25, size = 96, classes = 2, act = "relu", gain = 2, seed = 14,
  published = { macs = 7489664, within = 0, source = "mlcommons/tiny vww_96_int8, counted from its published .tflite" } }

-- MobileNet v1, width 1.0, 224 x 224, 1000 classes.
return require("mobilenet").v1 { name = "mobilenet-v1", summary = "MobileNet v1 1.0 at 224x224, 1000 classes", alpha = 1.0, size = 224,
  classes = 1000, act = "relu6", gain = 2.5, seed = 21,
  published = { macs = 569e6, within = 0.005, parameters = 4.2e6, parameters_within = 0.01,
    source = "Howard et al. 2017, arXiv 1704.04861, table 8: 569 million mult-adds, 4.2 million parameters" } }

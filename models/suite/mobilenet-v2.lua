-- MobileNet v2, width 1.0, 224 x 224, 1000 classes.
return require("mobilenet").v2 { name = "mobilenet-v2", summary = "MobileNet v2 1.0 at 224x224, 1000 classes", size = 224, classes = 1000,
  gain = 2.5, seed = 22,
  published = { macs = 300e6, within = 0.01, parameters = 3.4e6, parameters_within = 0.03,
    source = "Sandler et al. 2018, arXiv 1801.04381, table 4: 300 million multiply-adds, 3.4 million parameters" } }

-- ResNet-50, 224 x 224, 1000 classes.
local resnet = require "resnet"
return resnet.build { name = "resnet-50", summary = "ResNet-50 at 224x224, 1000 classes", block = resnet.bottleneck, times = { 3, 4, 6, 3 }, seed = 32,
  published = { macs = 3.8e9, within = 0.02, parameters = 25.6e6, parameters_within = 0.01,
    source = "He et al. 2015, arXiv 1512.03385, table 1: 3.8e9 multiply-adds; torchvision resnet50: 25.6 million parameters" } }

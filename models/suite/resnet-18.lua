-- ResNet-18, 224 x 224, 1000 classes.
local resnet = require "resnet"
return resnet.build { name = "resnet-18", summary = "ResNet-18 at 224x224, 1000 classes", block = resnet.basic, times = { 2, 2, 2, 2 }, seed = 31,
  published = { macs = 1.8e9, within = 0.015, parameters = 11.69e6, parameters_within = 0.01,
    source = "He et al. 2015, arXiv 1512.03385, table 1: 1.8e9 multiply-adds; torchvision resnet18: 11.7 million parameters" } }

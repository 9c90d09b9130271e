-- U-Net with separable convolutions and residual links, 160 x 160, 3 classes a pixel (Keras code examples, "Image
-- segmentation with a U-Net-like architecture"). The published count includes 7552 numbers of batch normalisation, folded here.
local net, blocks = require "net", require "blocks"
local m = net.new { name = "unet", summary = "U-Net-like segmenter at 160x160, 3 classes", input = { 1, 160, 160, 3 }, low = 0, high = 1, seed = 51 }
local x = m:conv { m.input, filters = 32, kernel = 3, stride = 2, act = "relu" }
for _, filters in ipairs { 64, 128, 256 } do
  local y = blocks.separable(m, { m:relu(x), filters = filters, act = "relu" })
  y = m:max_pool { blocks.separable(m, { y, filters = filters }), kernel = 3, stride = 2, padding = "same" }
  x = m:add(y, m:conv { x, filters = filters, kernel = 1, stride = 2 })
end
for _, filters in ipairs { 256, 128, 64, 32 } do
  local y = m:relu(m:conv_transpose { m:relu(x), filters = filters, kernel = 3 })
  y = m:upsample(m:conv_transpose { y, filters = filters, kernel = 3 }, 2)
  x = m:add(y, m:conv { m:upsample(x, 2), filters = filters, kernel = 1 })
end
return m:done { m:softmax(m:conv { x, filters = 3, kernel = 3, gain = 3 }), published = { parameters = 2058979, parameters_within = 0.001,
  parameters_correction = -7552, correction = "batch normalisation, folded into the convolutions here",
  source = "keras.io/examples/vision/oxford_pets_image_segmentation: 2,058,979 parameters" } }

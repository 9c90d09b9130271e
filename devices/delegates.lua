-- Delegate plug-ins of TensorFlow Lite: shared libraries that export tflite_plugin_create_delegate. An entry is taken by
-- its name (delegate = "nxp-vx") or by the name of its library. The target checks the keys of a cell's options against
-- `keys` before anything is loaded; with open = true other keys are passed on as well. needed: must be given. first: must
-- stand before the others. install: how to have it. note: what a reader of the figures has to know.
-- Each row has a source and its grade (A read in a primary source, B seen in excerpt, C forum or blog, D from memory).
local function key(name, help, more)
  local row = { key = name, help = help }
  for k, v in pairs(more or {}) do row[k] = v end
  return row
end

return {
  { name = "nxp-vx", title = "NXP VX delegate (GPU and NPU of i.MX 8M Plus)", libraries = { "libvx_delegate.so" },
    keys = { key("allowed_cache_mode", "true keeps the compiled graph in a file"), key("cache_file_path", "that file"),
      key("device_id", "number of the core"), key("allowed_builtin_code", "the only operator it may take, by its number"),
      key("error_during_init", "for its own tests"), key("error_during_prepare", "for its own tests"),
      key("error_during_invoke", "for its own tests") },
    install = "it comes with NXP's Linux image (package tensorflow-lite-vx-delegate), in /usr/lib",
    note = "the first inference compiles the graph and takes seconds: it is in `first`, not in the latency; without the cache "
      .. "file each round pays it again",
    source = "source of tflite-vx-delegate (VeriSilicon), NXP i.MX machine learning user's guide", grade = "A", date = "2026-11" },
  { name = "ethos-u", title = "NXP Ethos-U delegate (NPU of i.MX 93)", libraries = { "libethosu_delegate.so" },
    keys = { key("device_name", "device file of the NPU, /dev/ethosu0"), key("cache_file_path", "file of the compiled graph"),
      key("timeout", "nanoseconds that one inference may take"), key("enable_cycle_counter", "true counts cycles") },
    open = true,
    install = "it comes with NXP's Linux image (package ethos-u-driver-stack), in /usr/lib",
    note = "takes models that vela has compiled; others stay on the CPU, and the placement says so",
    source = "NXP i.MX machine learning user's guide; keys from memory", grade = "D", date = "2026-11" },
  { name = "neutron", title = "NXP Neutron delegate (NPU of i.MX 95)", libraries = { "libneutron_delegate.so" },
    keys = {}, open = true,
    install = "it comes with NXP's Linux image (package tensorflow-lite-neutron-delegate), in /usr/lib",
    note = "takes models that NXP's Neutron converter of the same release has made; others stay on the CPU",
    source = "NXP i.MX machine learning user's guide", grade = "D", date = "2026-11" },
  { name = "armnn", title = "Arm NN delegate (Mali GPU, Cortex-A)", libraries = { "libarmnnDelegate.so", "libarmnnDelegate.so.29" },
    keys = { key("backends", "list in order of preference: GpuAcc,CpuAcc,CpuRef", { first = true, needed = true }),
      key("logging-severity", "trace, debug, info, warning, error or fatal"), key("dynamic-backends-path", "folder of more backends"),
      key("number-of-threads", "of CpuAcc"), key("enable-fast-math", "true allows Winograd"),
      key("reduce-fp32-to-fp16", "true computes floats as halves"), key("reduce-fp32-to-bf16", "true computes floats as bfloat16"),
      key("gpu-tuning-level", "0 to 3"), key("gpu-tuning-file", "file of tuned parameters"),
      key("gpu-mlgo-tuning-file", "file of heuristics"), key("gpu-enable-profiling", "0 or 1"),
      key("gpu-kernel-profiling-enabled", "0 or 1"), key("save-cached-network", "true writes the compiled network"),
      key("cached-network-filepath", "that file"), key("memory-import", "true imports the runtime's buffers"),
      key("infer-output-shape", "true works shapes out"), key("allow-expanded-dims", "true allows dimensions of 1"),
      key("enable-internal-profiling", "true"), key("internal-profiling-detail", "1 or 2"), key("debug-data", "true") },
    open = true,
    install = "unpack a release of Arm NN (github.com/ARM-software/armnn) and put its folder into LD_LIBRARY_PATH",
    note = "without backends it takes CpuRef, its scalar reference: that is no figure of the device. Built for the TFLite of "
      .. "its release; with another the try in a process of its own says so",
    source = "source of armnn_delegate (DelegateOptions); tensorflow issue 58267", grade = "A", date = "2026-11" },
  { name = "qnn", title = "Qualcomm QNN delegate (Adreno, Hexagon)", libraries = { "libQnnTFLiteDelegate.so" },
    keys = { key("backend_type", "htp, gpu or dsp", { needed = true }), key("library_path", "file of the backend, libQnnHtp.so"),
      key("skel_library_dir", "folder of the DSP's half"), key("htp_precision", "0 quantized, 1 fp16"),
      key("htp_performance_mode", "0 default, 2 burst"), key("gpu_precision", "0 as it is, 1 fp32, 2 fp16, 3 mixed; default 2"),
      key("gpu_performance_mode", "0 to 3"), key("log_level", "0 to 5"), key("cache_dir", "folder of compiled graphs"),
      key("model_token", "name of the compiled graph") },
    open = true,
    install = "take it from the Qualcomm AI Engine Direct SDK (lib/aarch64-oe-linux-gcc11.2) with libQnnHtp.so beside it",
    note = "on the GPU float models are computed as halves unless gpu_precision says otherwise: keep the precision on record",
    source = "Qualcomm AI Engine Direct SDK, TFLite delegate chapter", grade = "B", date = "2026-11" },
  { name = "edgetpu", title = "Edge TPU delegate (Coral)", libraries = { "libedgetpu.so.1", "libedgetpu.so" },
    keys = { key("device", "usb, usb:N, pci, pci:N, :N; without it any"), key("Performance", "Low, Medium, High or Max; with an index in device"),
      key("Usb.AlwaysDfu", "True or False; with an index"), key("Usb.MaxBulkInQueueLength", "0 to 255; with an index") },
    install = "install libedgetpu1-std (or -max), or a build for this library's version",
    note = "the target edgetpu reaches the same device with its temperature, its link and the placement of the compiled file",
    source = "source of libedgetpu (edgetpu_c.h, edgetpu_delegate_for_custom_op.cc)", grade = "A", date = "2026-11" },
}

#!/usr/bin/env python3
"""Doubles of vendors' tools: called as trtexec, hailortcli or llama-bench (by a link of that name) it
writes what the real tool writes (tests/foreign) about a run of its own, and does wrong what the
environment variable DOUBLE says: fails, killed, hangs, changed, silent, two, lies.
"""
import json
import os
import signal
import sys
import time

name, words = os.path.basename(sys.argv[0]), sys.argv[1:]
mode = os.environ.get("DOUBLE", "")


def option(key, preset=None):
    for i, word in enumerate(words):
        if word.startswith(key + "="):
            return word[len(key) + 1:]
        if word == key and i + 1 < len(words):
            return words[i + 1]
    return preset


def say(line):
    print(line, flush=True)


def misbehave():
    if mode == "fails":
        say("[E] the engine cannot be built")
        sys.exit(1)
    if mode == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if mode == "hangs":
        time.sleep(60)
    if mode == "silent":
        sys.exit(0)


def trtexec():
    version = os.environ.get("DOUBLE_VERSION", "100300")
    banner = "TensorRT.trtexec [TensorRT v%s] # %s" % (version, " ".join(sys.argv))
    say("&&&& RUNNING " + banner)
    if "--version" in words:
        say("railgauge double trtexec")
        return
    model = option("--onnx") or option("--loadEngine")
    if not os.path.exists(model):
        say("&&&& FAILED " + banner)
        sys.exit(1)
    if option("--useDLACore"):
        say("[11/22/2026-03:00:00] [I] [TRT] [DlaLayer] {ForeignNode[conv1_1...pool5]}")
        say("[11/22/2026-03:00:00] [I] [TRT] [DlaLayer] {ForeignNode[relu6...fc8]}")
        say("[11/22/2026-03:00:00] [I] [TRT] [GpuLayer] SOFTMAX: prob")
    for line in ("Precision: FP32", "Streams: 1", "Data transfers: Enabled", "Spin-wait: Disabled",
                 "CUDA Graph: Disabled", "Separate profiling: Disabled", "Selected Device: a double"):
        say("[11/22/2026-03:00:00] [I] " + line)
    say("[11/22/2026-03:00:00] [I] Starting inference")
    misbehave()
    n, at, queries = int(option("--iterations")), 200.0, []
    time.sleep(0.15 + n * 1e-3 if mode != "lies" else 0)
    for i in range(n):
        took = 0.9 + 0.001 * (i % 20)
        queries.append({"startEnqMs": at, "endEnqMs": at + 0.1, "startH2dMs": at, "endH2dMs": at + 0.05,
                        "startComputeMs": at + 0.05, "endComputeMs": at + took - 0.05,
                        "startD2hMs": at + took - 0.05, "endD2hMs": at + took, "h2dMs": 0.05,
                        "computeMs": took - 0.1, "d2hMs": 0.05, "latencyMs": took})
        at += 1.0
    if mode == "changed":
        queries = [{"start": q["startEnqMs"], "latency": q["latencyMs"]} for q in queries]
    with open(option("--exportTimes"), "w", encoding="utf-8") as file:
        json.dump(queries, file)
    mean = sum(0.9 + 0.001 * (i % 20) for i in range(n)) / n
    say("[11/22/2026-03:00:00] [I] Timing trace has %d queries over %g s" % (n, n * 1e-3))
    say("[11/22/2026-03:00:00] [I] === Trace details ===")
    say("[11/22/2026-03:00:00] [I] Throughput: 1000 qps")
    say("[11/22/2026-03:00:00] [I] Latency: min = 0.9 ms, max = 0.919 ms, mean = %g ms, median = 0.9095 ms, "
        "percentile(99%%) = 0.919 ms" % mean)
    say("&&&& PASSED " + banner)


def hailortcli():
    if "--version" in words:
        say("HailoRT-CLI version 4.23.0\nrailgauge double hailortcli")
        return
    misbehave()
    time.sleep(0.2)
    if mode == "changed":
        say("resnet_v1_50: frames per second 307.46")
    else:
        say("[===================>] 100% 00:00:00")
        say("resnet_v1_50: fps: 307.46 | hw latency: 2.94 ms | overall latency: 3.21 ms")
    if mode == "two":
        say("other: fps: 1.00")


def llama_bench():
    if "--help" in words:
        say("usage: llama-bench [options]\nrailgauge double llama-bench")
        return
    misbehave()
    prompt, generate = int(option("-p")), int(option("-n"))
    if option("-pg"):
        prompt, generate = (int(word) for word in option("-pg").split(","))
    took = [1000000 + 1000 * i for i in range(int(option("-r")))]
    test = {"build_commit": "8cf427ff", "build_number": 5163, "cpu_info": "a double", "gpu_info": "",
            "backends": "CPU", "model_filename": option("-m"), "model_size": 4096, "n_threads": int(option("-t", "4")),
            "n_gpu_layers": int(option("-ngl", "99")), "n_prompt": prompt, "n_gen": generate, "n_depth": 0,
            "avg_ns": sum(took) / len(took), "avg_ts": (prompt + generate) * len(took) / sum(took) * 1e9,
            "samples_ns": took}
    if mode == "changed":
        del test["samples_ns"]
    time.sleep(0.1 + sum(took) * 1e-9)
    say(json.dumps([test, test] if mode == "two" else [test], indent=2))


{"trtexec": trtexec, "hailortcli": hailortcli, "llama-bench": llama_bench}[name]()

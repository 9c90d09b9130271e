-- github-action-smaller.lua: github-action-benchmark's `customSmallerIsBetter`: latency, energy, memory.
return require("customjson")("github-action-smaller", "lower",
  "github-action-benchmark, tool customSmallerIsBetter")

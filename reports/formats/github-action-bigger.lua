-- github-action-bigger.lua: github-action-benchmark's `customBiggerIsBetter`: throughput, TOPS, TOPS/W.
return require("customjson")("github-action-bigger", "higher",
  "github-action-benchmark, tool customBiggerIsBetter")

-- A measured and a simulated cell with operations, small enough for every test run.
return rg.scenario {
  name = "recompute", tier = { name = "smoke", rounds = 3, samples = 80 },
  cells = {
    { model = "autoencoder", target = "cpu", threads = 1, pattern = "single_stream" },
    { model = "autoencoder", target = "sim", pattern = "single_stream" },
    { model = "autoencoder", target = "sim-async", pattern = { "in_flight", n = 3 } },
  },
}

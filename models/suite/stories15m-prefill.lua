-- A small decoder-only language model reading a prompt of 128 tokens.
return require("llama").build { name = "stories15m-prefill", summary = "15M-parameter Llama, prompt of 128 tokens", tokens = 128, past = 0, seed = 81 }

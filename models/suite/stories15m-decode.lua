-- The same network writing its 256th token: keys and values of 255 tokens come in, those of one go out.
return require("llama").build { name = "stories15m-decode", summary = "15M-parameter Llama, one token after 255", tokens = 1, past = 255, seed = 81 }

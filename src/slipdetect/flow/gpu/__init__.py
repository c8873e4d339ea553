"""TV-L1 flow of many pairs at once: plain torch on any device, Triton on a GPU."""

"""TV-L1 flow of many pairs at once: plain torch on any device, Triton on a GPU.

In: gray pictures as tensors. Out: flows as tensors. Needs torch, so nothing is imported here.
"""

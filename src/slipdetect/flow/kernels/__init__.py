"""The compiled inner loops of the TV-L1 method; importing them loads numba.

In: float32 arrays. Out: the same arrays, advanced.
"""

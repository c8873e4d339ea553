"""Comparing: runs, their scores and the weights of their fusion, on the same clips."""

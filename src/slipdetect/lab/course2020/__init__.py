"""Whole tables of runs: the 2020 course report's experiments on whatever data is given."""

"""Whole tables of runs: the seed report's experiments on whatever data is given.

In: annotated clips and the name of a table. Out: trained runs, scores, the table with intervals.
"""

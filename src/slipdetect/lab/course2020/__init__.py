"""Whole tables of runs: the 2020 course report's experiments on whatever data is given.

In: annotated clips and the name of a table. Out: trained runs, scores, the table with intervals.
"""

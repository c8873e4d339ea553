"""From data sets as they come to the project's annotation file.

In: folders, split files, lists, times. Out: a CSV that ``read_annotations`` reads, and other lists.
"""

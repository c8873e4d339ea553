"""What evaluation found, as text, tables and pictures: one file each.

In: reports and comparisons of ``slipdetect.lab.evaluate``. Out: text, or figures.
"""

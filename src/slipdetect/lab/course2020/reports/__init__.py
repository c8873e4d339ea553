"""What experiments found, as text, tables and pictures: one file each.

In: tables of runs, and tests under disturbance. Out: text, or figures.
"""

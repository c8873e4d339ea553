"""A small renderer of people walking, falling and sitting in a room, with the true event times.

In: a seed and an action. Out: frames and events; see ``clip.py``.
"""

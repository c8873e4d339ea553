"""What becomes of results: text, pictures, painted videos, clips, a page, alerts.

In: what a run finds as it comes. Out: files, messages, and text for standard output.
"""

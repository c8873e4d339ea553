"""What becomes of results: text, pictures, painted videos, clips, a page; one file a sink.

In: ``DetectionResult``s and failures as they come. Out: files, and text for standard output.
"""

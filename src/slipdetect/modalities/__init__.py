"""What a snippet is: modalities, where snippets lie, normalization.

In: frames and counts. Out: what a network is fed; torch and OpenCV load only when something of
theirs is asked for.
"""

"""Training of the pose stream: skeletons of clips in, a small network over time out.

In: annotated clips, or files of skeletons. Out: weights for ``slipdetect.people.network``.
"""

"""Training of the pose stream: skeletons of clips in, a small network over time out."""

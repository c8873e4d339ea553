"""Measuring: clip and event metrics, the scores and predictions they are computed from."""

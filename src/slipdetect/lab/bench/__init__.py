"""Timing flow methods."""

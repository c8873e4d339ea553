"""Calibrating: temperature, bias and thresholds for a user's own footage."""

"""Extracting: frames and flow of many videos into a store."""

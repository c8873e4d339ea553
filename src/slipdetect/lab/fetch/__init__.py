"""Fetching: downloads with hashes and archives with limits.

In: a path or an address with its hash. Out: where the file or the unpacked folder is now.
"""

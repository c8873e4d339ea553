"""Fetching: downloads with hashes and archives with limits."""

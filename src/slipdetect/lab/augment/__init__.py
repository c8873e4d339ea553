"""Augmentation: what is done to the pictures of training windows, and group transforms."""

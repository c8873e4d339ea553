"""The page of ``watch``: cameras, events and their review, health and metrics, by HTTP."""

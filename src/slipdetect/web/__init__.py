"""The page of ``watch``: cameras, events and their review, health and metrics, by HTTP.

In: how cameras are doing, events. Out: a server in a thread, which detection never waits for.
"""

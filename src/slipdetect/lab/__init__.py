"""The laboratory around the engine: training, measuring and data; the engine does not import it."""

"""Statistics: areas, intervals and resampling, once for all of the laboratory."""

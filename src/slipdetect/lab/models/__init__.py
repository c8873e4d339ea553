"""Work on model packages: averaging, import and export."""

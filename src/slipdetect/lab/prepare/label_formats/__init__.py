"""Label files of annotation tools: a file a format, all of them in the table of ``registry.py``."""

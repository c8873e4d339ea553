"""From data sets as they come to the project's annotation file."""

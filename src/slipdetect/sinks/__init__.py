"""What becomes of results: text, pictures, painted videos, clips, a page, alerts; a file a sink."""

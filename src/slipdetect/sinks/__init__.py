"""What becomes of results: text, pictures, painted videos, clips, a page, alerts."""

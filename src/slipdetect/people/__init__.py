"""People in the picture: who is where, over time, and how they move; it knows no video."""

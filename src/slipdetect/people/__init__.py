"""People in the picture: who is where, over time, and how they move; it knows no video.

In: pictures. Out: ``Person``s, ``Track``s, and how likely each of them falls. It knows no video.
"""

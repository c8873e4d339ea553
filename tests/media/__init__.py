"""Small recordings of every kind that recorders write, made when tests run, each with its truth.

In: a folder. Out: ``Media``: a file whose every picture carries its number (``marker``), and the
seconds at which each is shown (``making``, ``cases``).
"""

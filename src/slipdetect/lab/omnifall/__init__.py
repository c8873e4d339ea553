"""OmniFall's protocol: trained on staged or synthetic falls, tested on those in the wild.

In: its segments and videos. Out: figures of fall, fallen and of every class.
"""

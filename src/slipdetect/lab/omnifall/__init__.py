"""OmniFall's protocol: trained on staged or synthetic falls, tested on those in the wild."""

"""A small shop with Doorstep's widget in its checkout: standard library only, made to be copied.

`doorstep.py` is all that a shop's server says to Doorstep, `app.py` the shop, `pages/` what its visitors see.
Nothing here knows how Doorstep works inside: it has an address and a secret key.
"""

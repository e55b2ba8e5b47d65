"""A small shop with Doorstep's widget in its checkout, made to be copied: the standard library, and
`standardwebhooks` to know Doorstep's messages by.

`doorstep.py` is all that a shop's server says to Doorstep, `hooks.py` how it hears from it; `app.py` is the
shop, `orders.py` what it keeps, `pages/` what its visitors see. Nothing here knows how Doorstep works inside:
it has an address, a secret key and a webhook's secret.
"""

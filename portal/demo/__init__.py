"""The demo: central Helsinki, a fleet, a week of bookings, and a clock that can be moved.

An app of its own, installed by `DOORSTEP_DEMO=1` only. It may use everything; nothing imports it.
"""

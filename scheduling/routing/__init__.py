"""The routing core: arithmetic on routes, with NumPy alone.

No Django, no clock, no I/O. Every time is a whole number of seconds after the plan's origin (local
midnight of the service date, as an instant); every distance is a whole number of metres.
"""

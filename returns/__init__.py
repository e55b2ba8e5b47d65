"""Decides what may come back, what is owed and what was paid. Books its pickups through scheduling."""

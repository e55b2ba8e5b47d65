"""Decides when a delivery comes and by which vehicle. Knows no users, pages, payments or messages."""

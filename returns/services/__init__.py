"""Changes of returns."""

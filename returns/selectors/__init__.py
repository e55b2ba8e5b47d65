"""Answers about returns."""

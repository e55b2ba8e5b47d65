"""How Django knows this package."""

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    """One app, one migration history."""

    name = "returns"

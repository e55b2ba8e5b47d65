"""How Django knows this package."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """One app, one migration history."""

    name = "portal"

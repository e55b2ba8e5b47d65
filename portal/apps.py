"""How Django knows this package."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """One app, one migration history."""

    name = "portal"

    def ready(self) -> None:
        """Listen to scheduling's events, and keep tokens out of every log."""
        from portal import redaction
        from portal.messaging import subscribe

        redaction.install()
        subscribe.connect()

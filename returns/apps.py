"""How Django knows this package."""

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    """One app, one migration history."""

    name = "returns"

    def ready(self) -> None:
        """Listen to what happens to pickups."""
        from returns.services import collecting

        collecting.connect()

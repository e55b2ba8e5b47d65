"""How Django knows this package."""

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    """One app, one migration history."""

    name = "returns"

    def ready(self) -> None:
        """Listen to what happens to pickups; send refunds as soon as they are certain."""
        from returns import tasks
        from returns.services import collecting, refunds

        collecting.connect()
        refunds.set_waker(tasks.wake_refunds)

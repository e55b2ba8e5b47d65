"""How Django knows this package."""

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    """One app, one migration history."""

    name = "returns"

    def ready(self) -> None:
        """Listen to pickups and to what is stated without a link; send refunds once they are certain."""
        from returns import tasks
        from returns.services import at_door, collecting, refunds, withdrawals

        at_door.connect()
        collecting.connect()
        withdrawals.connect()
        refunds.set_waker(tasks.wake_refunds)

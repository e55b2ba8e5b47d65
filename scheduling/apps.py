"""How Django knows this package."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """One app, one migration history."""

    name = "scheduling"

    def ready(self) -> None:
        """Let recorded events wake the relay, which need not wait for its sweep then; listen to our own."""
        from scheduling import events, tasks
        from scheduling.services import codes, expecting

        events.set_waker(tasks.wake_relay)
        codes.connect()
        expecting.connect()

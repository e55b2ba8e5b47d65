"""How Django knows this package."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """One app, one migration history."""

    name = "scheduling"

    def ready(self) -> None:
        """Let recorded events wake the relay, so that mails need not wait for its next sweep."""
        from scheduling import events, tasks

        events.set_waker(tasks.wake_relay)

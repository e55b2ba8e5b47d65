"""How Django knows this package."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """One app, one migration history."""

    name = "portal"

    def ready(self) -> None:
        """Listen to scheduling's events, count, and keep tokens out of every log."""
        from portal import metrics, redaction, tasks
        from portal.messaging import subscribe
        from portal.services import feed, hook_queue
        from scheduling import errors, events

        redaction.install()
        events.set_counter(metrics.count_event)
        errors.set_counter(metrics.count_refusal)
        subscribe.connect()
        feed.connect()
        hook_queue.set_waker(tasks.wake_webhooks)

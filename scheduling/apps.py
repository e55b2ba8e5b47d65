"""How Django knows this package."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """One app, one migration history."""

    name = "scheduling"

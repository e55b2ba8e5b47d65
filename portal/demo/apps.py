"""How Django knows the demo, and what it changes in the one process that has it."""

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings

from portal.celery import app, every
from portal.demo.clock import MovableClock


class DemoConfig(AppConfig):
    """Installed with DOORSTEP_DEMO=1 only."""

    name = "portal.demo"
    label = "demo"
    clock: MovableClock
    shop_url = ""
    """Where the shop on another origin is, while it is open."""

    def ready(self) -> None:
        """Mail to files, tills, the town’s own addresses, a clock bar on every page, a clock to move."""
        from portal.demo import folder, till, town

        settings.EMAIL_BACKEND = "portal.demo.mail.ToVisitors"
        settings.EMAIL_FILE_PATH = str(folder.INBOX)
        settings.GEOCODER = "gazetteer"
        settings.GAZETTEER_FILE = str(town.ADDRESSES)
        options: Any = settings.TEMPLATES[0]["OPTIONS"]
        options["context_processors"].append("portal.demo.bar.clock_bar")
        app.conf.beat_schedule["drive on"] = every(2.0, "portal.demo.tasks.drive_on")
        app.conf.beat_schedule["say where"] = every(10.0, "portal.demo.tasks.say_where")
        self.clock = MovableClock(folder.CLOCK)
        self.clock.install()
        till.connect()


def demo_config() -> DemoConfig:
    """What the demo knows while it runs."""
    config = apps.get_app_config("demo")
    assert isinstance(config, DemoConfig)  # noqa: S101 - the app of this label is ours
    return config


def demo_clock() -> MovableClock:
    """The clock that everybody reads while the demo runs."""
    return demo_config().clock

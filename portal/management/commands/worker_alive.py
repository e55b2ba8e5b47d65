"""`manage.py worker_alive`: whether a worker of this machine takes tasks, for who restarts what has died."""

import socket
import sys
from typing import Any

from celery.exceptions import CeleryError
from django.core.management.base import BaseCommand, CommandParser
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from portal.celery import app

ASKED = 2


class Command(BaseCommand):
    """Exit 0 where a worker answers, 1 where none does."""

    help = "Ask the worker on this machine whether it takes tasks; exit 1 if it does not."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Which worker, and how long it may take."""
        parser.add_argument(
            "--name", default=f"celery@{socket.gethostname()}", help="its name: celery@<host>"
        )
        parser.add_argument("--seconds", type=float, default=5, help="how long it may take to answer (5)")

    def handle(self, *args: Any, name: str, seconds: float, **options: Any) -> None:
        """Ask twice: one answer may be lost."""
        try:
            answers = any(app.control.ping([name], timeout=seconds) for _ in range(ASKED))
        except (CeleryError, OperationalError, RedisError, OSError) as error:
            # Starting a worker again would not bring the broker back.
            self.stdout.write(f"The broker is away ({type(error).__name__}): nobody can ask the worker.")
            return
        self.stdout.write(f"{name} takes tasks." if answers else f"{name} does not answer.")
        if not answers:
            sys.exit(1)

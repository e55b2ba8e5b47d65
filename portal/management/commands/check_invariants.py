"""`manage.py check_invariants`: count what must never be; exit 1 if there is any."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection, transaction

from returns import invariants as of_returns
from scheduling.invariants import breaches

RULES = ("I1", "I3", "I4", "I5", "I6", "I8", "set-up")


@contextmanager
def one_look() -> Iterator[None]:
    """See the whole database as it is at one moment, however many queries and writers there are."""
    with transaction.atomic():
        if connection.vendor == "postgresql" and len(connection.savepoint_ids) == 0:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


class Command(BaseCommand):
    """Count breaches over the whole database."""

    help = "Count breaches of what must always be true; exit 1 if there is any."

    def add_arguments(self, parser: CommandParser) -> None:
        """Let the caller say how many breaches to print."""
        parser.add_argument("--show", type=int, default=20, help="print at most so many breaches (20)")

    def handle(self, *args: Any, show: int, **options: Any) -> None:
        """Print breaches, then the count for each rule."""
        counts: Counter[str] = Counter()
        with one_look():
            for breach in chain(breaches(), of_returns.breaches()):
                counts[breach.rule] += 1
                if counts.total() <= show:
                    self.stdout.write(f"{breach.rule} {breach.subject}: {breach.what}")
        self.stdout.write("  ".join(f"{rule} {counts[rule]}" for rule in RULES))
        self.stdout.write(f"{counts.total()} breaches")
        if counts:
            sys.exit(1)

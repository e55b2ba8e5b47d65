"""`manage.py check_invariants`: count what must never be; exit 1 if there is any."""

import sys
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from scheduling.invariants import breaches

RULES = ("I1", "I3", "I4", "I5", "I6", "I8")


class Command(BaseCommand):
    """Count breaches over the whole database."""

    help = "Count breaches of what must always be true; exit 1 if there is any."

    def add_arguments(self, parser: CommandParser) -> None:
        """Let the caller say how many breaches to print."""
        parser.add_argument("--show", type=int, default=20, help="print at most so many breaches (20)")

    def handle(self, *args: Any, show: int, **options: Any) -> None:
        """Print breaches, then the count for each rule."""
        counts: Counter[str] = Counter()
        for breach in breaches():
            counts[breach.rule] += 1
            if counts.total() <= show:
                self.stdout.write(f"{breach.rule} {breach.subject}: {breach.what}")
        self.stdout.write("  ".join(f"{rule} {counts[rule]}" for rule in RULES))
        self.stdout.write(f"{counts.total()} breaches")
        if counts:
            sys.exit(1)

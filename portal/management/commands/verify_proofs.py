"""Look at all proofs again: rows, photos and signatures."""

import sys
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.services.proofs import Verdict, verify_all


class Command(BaseCommand):
    """Exits 1 if anything is not as it was sealed."""

    help = "Verifies what was noted at doors, with its photos and signatures; exits 1 if any was altered."

    def add_arguments(self, parser: CommandParser) -> None:
        """Let the caller say how many to name."""
        parser.add_argument(
            "--show", type=int, default=20, help="name at most so many that were altered (20)"
        )

    def handle(self, *args: Any, show: int, **options: Any) -> None:
        """Name what was altered, then count."""
        counts: Counter[Verdict] = Counter()
        for one in verify_all():
            counts[one.verdict] += 1
            if one.verdict is Verdict.ALTERED and counts[one.verdict] <= show:
                happened = f"{one.attempt.happened_at:%Y-%m-%d %H:%M}"
                self.stdout.write(f"{one.attempt.delivery.ref} {happened} UTC: altered")
        self.stdout.write("  ".join(f"{verdict.value} {counts[verdict]}" for verdict in Verdict))
        if counts[Verdict.ALTERED]:
            sys.exit(1)

"""`manage.py import_orders --merchant SLUG FILE`: take in a list of a shop's orders."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scheduling import clock
from scheduling.errors import DomainError
from scheduling.models import Merchant, OrderImport
from scheduling.services.order_imports import begin_import, run_import, said_of

SLICE_S = 5


class Command(BaseCommand):
    """Import a CSV file: all of its orders, or none where a line is bad."""

    help = "Import a shop's orders from CSV: all of them, or none where a line is bad. Repeat it as you like."

    def add_arguments(self, parser: CommandParser) -> None:
        """Let the caller name shop and file."""
        parser.add_argument("file", type=Path, help="CSV, one line for each thing bought")
        parser.add_argument("--merchant", required=True, help="the shop's slug")

    def handle(self, *args: Any, file: Path, merchant: str, **options: Any) -> None:
        """Import, tell how far it is, and print what was done, or each bad line."""
        shop = Merchant.objects.filter(slug=merchant).first()
        if shop is None:
            raise CommandError(f"there is no shop {merchant}")
        try:
            row = begin_import(
                merchant=shop, content=file.read_bytes(), name=file.name, actor="command", now=clock.now()
            )
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        # A worker may be quicker and take it over: whoever works on it, it ends.
        while not run_import(row.pk, now=clock.now(), seconds=SLICE_S):
            self.stderr.write(said_of(_again(row)))
        self._report(_again(row))

    def _report(self, row: OrderImport) -> None:
        for line, reason in row.bad:
            self.stderr.write(f"line {line}: {reason}" if line else reason)
        if row.bad_count:
            raise CommandError(f"{row.bad_count} bad lines, nothing imported (read as {row.encoding})")
        self.stdout.write(said_of(row))


def _again(row: OrderImport) -> OrderImport:
    return OrderImport.objects.defer("content").get(pk=row.pk)

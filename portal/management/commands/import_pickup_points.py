"""`manage.py import_pickup_points --depot SLUG FILE`: bring a depot's pickup points in line with a list."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scheduling.errors import DomainError
from scheduling.models import Depot
from scheduling.point_files import read_points
from scheduling.services.points import Imported, import_points, said_of


class Command(BaseCommand):
    """Import a CSV or GeoJSON file: all of it, or nothing."""

    help = "Import a depot's pickup points from CSV or GeoJSON: all of them, or none where a line is bad."

    def add_arguments(self, parser: CommandParser) -> None:
        """Let the caller name depot and file, and try it first."""
        parser.add_argument("file", type=Path, help="CSV or GeoJSON")
        parser.add_argument("--depot", required=True, help="the depot's slug")
        parser.add_argument("--dry-run", action="store_true", help="only say what it would do")
        parser.add_argument(
            "--close-missing", action="store_true", help="close points without parcels that are not in it"
        )

    def handle(
        self, *args: Any, file: Path, depot: str, dry_run: bool, close_missing: bool, **options: Any
    ) -> None:
        """Import, and print what was done, or each bad line."""
        done = self._imported(file, depot, dry_run=dry_run, close_missing=close_missing)
        for bad in done.bad:
            self.stderr.write(f"line {bad.line}: {bad.reason}")
        if done.bad:
            raise CommandError(f"{len(done.bad)} bad lines, nothing imported (read as {done.encoding})")
        self.stdout.write(said_of(done))
        if dry_run:
            self.stdout.write("nothing written: this was a dry run")

    def _imported(self, file: Path, slug: str, **how: bool) -> Imported:
        depot = Depot.objects.filter(slug=slug).first()
        if depot is None:
            raise CommandError(f"there is no depot {slug}")
        try:
            return import_points(depot=depot, file=read_points(file.read_bytes()), **how)
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error

"""`manage.py benchmark`: how long things take, what scored times are worth, whether ranges hold."""

import sys
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import asdict, fields
from json import dumps
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.benchmarks.booking.options import add_booking
from portal.benchmarks.plot import drawn
from portal.benchmarks.quote import Figures, growth, measure
from portal.benchmarks.report import Asked, measured
from portal.benchmarks.servers import LOOPBACK
from portal.benchmarks.stack import DATABASES, Database


class Command(BaseCommand):
    """Measure. The database that the settings name is neither read nor written."""

    help = "Measure how long things take on this machine."
    requires_migrations_checks = False
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One subcommand for each thing that is measured."""
        subjects = parser.add_subparsers(dest="subject", required=True)
        quote = subjects.add_parser("quote", help="one quote by the routing core, against plain Python")
        quote.add_argument("--days", type=positive, default=7, help="days that are quoted (7)")
        quote.add_argument("--stops", type=positive, default=2_000, help="stops on each day (2000)")
        quote.add_argument("--slots", type=positive, default=12, help="slots sold on each day (12)")
        quote.add_argument("--seed", type=int, default=1, help="which town (1)")
        quote.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
        quote.add_argument("--plot", type=Path, metavar="FILE", help="draw growth up to 20000 stops, as SVG")
        http = subjects.add_parser(
            "http", help="quotes and holds over HTTP, on a portal with the demo's town"
        )
        http.add_argument("--rate", type=above_zero, default=20.0, help="quotes a second (20)")
        http.add_argument("--seconds", type=above_zero, default=60.0, help="how long (60)")
        http.add_argument("--database", choices=DATABASES, default="sqlite", help="of the portal (sqlite)")
        http.add_argument("--processes", type=positive, default=4, help="gunicorn's processes (4)")
        http.add_argument("--threads", type=positive, default=1, help="threads in each of them (1)")
        http.add_argument("--seed", type=int, default=1, help="which visitors (1)")
        http.add_argument("--highest", action="store_true", help="find the highest rate that is still quick")
        http.add_argument(
            "--url", type=on_this_machine, help="measure a portal that runs already, with the demo's shops"
        )
        http.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

        held = subjects.add_parser("ranges", help="whether ranges of arrival hold, on made-up months")
        held.add_argument("--days", type=positive, default=22, help="days of a month (22)")
        held.add_argument("--vans", type=positive, default=16, help="vans on each of them (16)")
        held.add_argument("--seed", type=int, default=1, help="which months (1)")
        held.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

        tracking = subjects.add_parser("tracking", help="what following deliveries costs, polls above all")
        tracking.add_argument("--deliveries", type=positive, default=2_000, help="that are followed (2000)")
        tracking.add_argument(
            "--database", choices=DATABASES, default="sqlite", help="of the portal (sqlite)"
        )
        tracking.add_argument("--json", action="store_true", help="print one JSON object and nothing else")

        booking = subjects.add_parser(
            "booking", help="what scored times are worth: policies on given instances, day after day"
        )
        add_booking(booking)

    def handle(self, *args: Any, subject: str, **options: Any) -> None:
        """Measure the subject."""
        subjects: dict[str, Callable[..., None]] = {
            "quote": self.quote,
            "http": self.http,
            "booking": self.booking,
            "ranges": self.ranges,
            "tracking": self.tracking,
        }
        subjects[subject](**options)

    def ranges(self, *, days: int, vans: int, seed: int, json: bool, **_: Any) -> None:
        """Print how often ranges hold, in both families of noise; exit 1 if not in the first."""
        from portal.benchmarks import ranges

        found = ranges.measured(seed=seed, days=days, vans=vans)
        self.stdout.write(ranges.as_json(found) if json else "\n".join(map(ranges.as_text, found)))
        if not found[0].holds:
            sys.exit(1)

    def tracking(self, *, deliveries: int, database: Database, json: bool, **_: Any) -> None:
        """Print what polls cost; exit 1 if one that finds nothing new is not a tenth of one that renders."""
        from portal.benchmarks import tracking

        try:
            found = tracking.measure(deliveries=deliveries, database=database)
        except ImportError as error:
            raise CommandError(f"{error.name} is missing: pip install -r requirements/dev.txt") from error
        self.stdout.write(found.as_json() if json else found.as_text())
        if not found.holds:
            sys.exit(1)

    def booking(self, *, json: bool, **options: Any) -> None:
        """Print what each policy came to; exit 1 if a promise was broken."""
        from portal.benchmarks.booking.instances import InstanceUnreadable
        from portal.benchmarks.booking.run import Wanted, measured
        from portal.benchmarks.booking.table import as_text

        try:
            found = measured(
                Wanted(**{each.name: options[each.name] for each in fields(Wanted)}), say=self.stderr.write
            )
        except (InstanceUnreadable, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(dumps(found) if json else as_text(found))
        if found["broken"]:
            sys.exit(1)

    def quote(
        self, *, days: int, stops: int, slots: int, seed: int, json: bool, plot: Path | None, **_: Any
    ) -> None:
        """Print the figures of a quote; exit 1 if its answers are not those of the reference."""
        if plot and plot.suffix != ".svg":
            raise CommandError("The picture is SVG: give a file that ends in .svg.")
        figures = measure(days=days, stops=stops, slots=slots, seed=seed)
        grown = self.draw(plot, days=days, slots=slots, seed=seed) if plot else []
        if json:
            self.stdout.write(as_json(figures, grown))
        else:
            self.stdout.write("\n".join(map(as_text, [figures, *grown])))
        if not all(each.answers_equal for each in (figures, *grown)):
            sys.exit(1)

    def http(self, *, json: bool, **options: Any) -> None:
        """Print the figures of quotes over HTTP; exit 1 if anything failed."""
        asked = Asked(**{field.name: options[field.name] for field in fields(Asked)})
        try:
            found = measured(asked, say=self.stderr.write)
        except ImportError as error:
            raise CommandError(f"{error.name} is missing: pip install -r requirements/dev.txt") from error
        except OSError as error:
            raise CommandError(f"Nobody answers at {asked.url}: {error}") from error
        self.stdout.write(found.as_json() if json else found.as_text())
        if found.failed:
            sys.exit(1)

    def draw(self, file: Path, *, days: int, slots: int, seed: int) -> list[Figures]:
        """Measure town after town, and draw them."""
        grown = []
        for figures in growth(days=days, slots=slots, seed=seed):
            self.stderr.write(f"{figures.stops} stops a day measured")
            grown.append(figures)
        file.write_text(drawn(grown))
        return grown


def positive(text: str) -> int:
    """Return a whole number from 1 on; argparse turns ValueError into a sentence."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def above_zero(text: str) -> float:
    """Return a number above zero; argparse turns ValueError into a sentence."""
    number = float(text)
    if not 0 < number < inf:
        raise ValueError(text)
    return number


def on_this_machine(url: str) -> str:
    """Return the address of a portal on this machine: load is sent to no other."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in {LOOPBACK, "localhost"}:
        raise ArgumentTypeError(f"give a portal on this machine, such as http://{LOOPBACK}:8000")
    return url.rstrip("/")


def as_json(figures: Figures, grown: list[Figures]) -> str:
    """Return the figures as one object; with `growth` if that was measured."""
    found = asdict(figures)
    if grown:
        found["growth"] = [asdict(each) for each in grown]
    return dumps(found)


def as_text(figures: Figures) -> str:
    """Return the figures in a few lines."""
    f, same = figures, "the same answers" if figures.answers_equal else "OTHER ANSWERS"
    return (
        f"{f.days} days x {f.stops} stops x {f.slots} slots, {f.rows} rows, seed {f.seed}\n"
        f"  quote      {f.quote_ms:.3f} ms (median of all runs {f.quote_median_ms:.3f})\n"
        f"  reference  {f.reference_ms:.2f} ms (median of all runs {f.reference_median_ms:.2f}), {same}\n"
        f"  ratio      {f.ratio:.0f}; {f.sharing_ratio:.0f} if neighbouring gaps share their ways\n"
        f"  one read   {f.read_ms:.3f} ms; a quote is {f.reads:.1f} of them\n"
        f"  tape       {f.build_ms:.1f} ms to build a day, {f.concatenate_ms:.2f} ms to join the days"
    )

"""What following costs: polls that find nothing new, and those that render."""

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from portal.benchmarks.stack import Database, running

RENDERED: Final = 200
"""How many pages of each kind are rendered, at most."""
LEAST_RATIO: Final = 10
UNLIMITED: Final = {"REQUESTS_PER_MINUTE": "0"}
"""All of them come from one network."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Processor time of one core, in milliseconds for each request.

    page_ms: the whole page; booking_ms, head_ms, van_ms: a poll that renders all of it, its head, the van
    unchanged_ms: a poll that finds nothing new; unchanged_kept_ms: the same once more within a second
    unchanged_per_s: such polls a second; ratio: booking_ms / unchanged_ms; head_ratio: head_ms / unchanged_ms
    """

    deliveries: int
    database: str
    page_ms: float
    booking_ms: float
    head_ms: float
    van_ms: float
    unchanged_ms: float
    unchanged_kept_ms: float

    @property
    def unchanged_per_s(self) -> float:
        return 1000 / self.unchanged_ms

    @property
    def ratio(self) -> float:
        return self.booking_ms / self.unchanged_ms

    @property
    def head_ratio(self) -> float:
        return self.head_ms / self.unchanged_ms

    @property
    def holds(self) -> bool:
        """Whether a poll that finds nothing new costs a tenth of one that renders, or less."""
        return self.ratio >= LEAST_RATIO

    def as_json(self) -> str:
        """Return all of it as one object."""
        rates = {"unchanged_per_s": self.unchanged_per_s, "ratio": self.ratio, "head_ratio": self.head_ratio}
        return json.dumps(asdict(self) | rates)

    def as_text(self) -> str:
        """Return the same in a few lines."""
        return (
            f"{self.deliveries} followed deliveries, {self.database}; processor time of one core\n"
            f"  nothing new  {self.unchanged_ms:.3f} ms: {self.unchanged_per_s:.0f} polls a second "
            f"({self.unchanged_kept_ms:.3f} ms once more within a second)\n"
            f"  rendering    {self.booking_ms:.2f} ms all that is new, {self.head_ms:.2f} ms the head alone, "
            f"{self.van_ms:.2f} ms the van alone; the page {self.page_ms:.2f} ms\n"
            f"  ratio        {self.ratio:.1f} against all, {self.head_ratio:.1f} against the head"
        )


def measure(*, deliveries: int, database: Database) -> Figures:
    """Return what following costs, on a database of our own. Raises ImportError where a wheel is missing."""
    with (
        tempfile.TemporaryDirectory(prefix="doorstep-tracking-", ignore_cleanup_errors=True) as folder,
        running(Path(folder), database=database, settings=UNLIMITED) as stack,
    ):
        stack.lay_out_town(rounds=1)
        rendered = min(deliveries, RENDERED)
        inside = ("-c", INSIDE, str(deliveries), str(rendered))
        return Figures(deliveries, database, **json.loads(stack.python(*inside).splitlines()[-1]))


INSIDE: Final = """
import json, os, sys, django
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()
from portal.benchmarks.followed import measured
print(json.dumps(measured(*map(int, sys.argv[1:]))))
"""

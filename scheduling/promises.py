"""What was promised and what was kept: against the first promise as well as the latest.

Whoever moves a delivery gets a new promise. Counted by the latest alone, a delivery that was put off three
times and then came would look kept; so both are counted, and told side by side.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduling.windows import Window


@dataclass(frozen=True, slots=True)
class Served:
    """A delivery whose service began at `began_at`, and all windows promised for it, oldest first."""

    promised: Sequence[Window]
    began_at: datetime

    @property
    def kept_first(self) -> bool:
        """Whether it began within the window that was promised first."""
        return self.promised[0].opens_at <= self.began_at < self.promised[0].closes_at

    @property
    def kept_latest(self) -> bool:
        """Whether it began within the window that counted in the end."""
        return self.promised[-1].opens_at <= self.began_at < self.promised[-1].closes_at


@dataclass(frozen=True, slots=True)
class KeptRates:
    """Of so many deliveries served, how many were in time for the first promise, and for the latest."""

    served: int
    first: int
    latest: int

    @property
    def first_share(self) -> float | None:
        """The part in time for the first promise, from 0 to 1; None where nothing was served."""
        return self.first / self.served if self.served else None

    @property
    def latest_share(self) -> float | None:
        """The part in time for the latest promise, from 0 to 1; None where nothing was served."""
        return self.latest / self.served if self.served else None


def kept_rates(served: Iterable[Served]) -> KeptRates:
    """Count what was kept."""
    every = list(served)
    first, latest = sum(one.kept_first for one in every), sum(one.kept_latest for one in every)
    return KeptRates(len(every), first, latest)

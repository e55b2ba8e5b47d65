"""What a proof is given, and what it answers."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic


@dataclass(frozen=True)
class Run:
    """One run of a proof: its seed, whether it is the short form, and a folder that is thrown away.

    A proof goes through all its `seeds` on one running stack, since starting one costs: at full size there
    is one, in the short form there are three.
    """

    seed: int
    short: bool
    folder: Path
    started: float = field(default_factory=monotonic)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds to go through."""
        return tuple(range(self.seed, self.seed + self.size(1, 3)))

    def seed_of(self, number: int) -> int:
        """The seed of one of many that take turns: shoppers, kills."""
        return self.seeds[number % len(self.seeds)]

    def random(self, purpose: str = "", *, seed: int | None = None) -> Random:
        """Chance that the seed decides, another for each purpose."""
        return Random(f"{self.seed if seed is None else seed} {purpose}")

    def size(self, full: int, short: int) -> int:
        """How many: at full size, or in the short form."""
        return short if self.short else full

    def say(self, text: str) -> None:
        """Tell how far it is."""
        print(f"  {monotonic() - self.started:6.1f} s  {text}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Outcome:
    """What a proof found. `misses` are sentences, one for each figure that falls short; none: it holds."""

    figures: str
    misses: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.misses

    @classmethod
    def of(cls, figures: str, **checks: bool) -> "Outcome":
        """An outcome whose misses are the names of the checks that are false."""
        return cls(figures, tuple(name.replace("_", " ") for name, true in checks.items() if not true))


@dataclass(frozen=True)
class Proof:
    """`prove` does it; `sentence` tells what it does, `asked` the figure it must reach."""

    name: str
    sentence: str
    asked: str
    prove: Callable[[Run], Outcome]

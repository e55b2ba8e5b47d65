"""What shoppers were told, kept outside the processes that are killed, and held against the database later.

A subject is an order ("order A-1") or a hold ("hold 17"). Of each attempt to change one we know that it was
acknowledged, or that nobody answered: then it is in doubt, and may or may not have taken effect.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

NOTHING, CANCELLED = "nothing", "cancelled"
SEEN = "seen"
"""Not a change: a page told how it stands."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One change tried (an event's kind), and what the subject is after it: an offer's key, or CANCELLED."""

    change: str
    leads_to: str
    acknowledged: bool
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the database keeps of a subject; `changes` counts its events by kind."""

    state: str = NOTHING
    ref: str = ""
    changes: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, rows: Mapping[str, Any]) -> "dict[str, Kept]":
        return {subject: cls(**row) for subject, row in rows.items()}


@dataclass(frozen=True)
class Verdict:
    """`lost` and `twice` are sentences; the others count changes of bookings and holds."""

    lost: list[str]
    twice: list[str]
    acknowledged: int
    in_doubt: int
    unacknowledged: int
    """Changes in doubt that had taken effect."""


@dataclass
class Ledger:
    """The attempts of all shoppers, by subject, in order."""

    attempts: dict[str, list[Attempt]] = field(default_factory=lambda: defaultdict(list))
    _lock: Lock = field(default_factory=Lock)

    def acknowledge(self, subject: str, change: str, leads_to: str, *, ref: str = "") -> None:
        """Note that a change was answered with a page that says it is done."""
        self._note(subject, Attempt(change, leads_to, True, ref))

    def doubt(self, subject: str, change: str, leads_to: str) -> None:
        """Note that a change was sent and never answered."""
        self._note(subject, Attempt(change, leads_to, False))

    def _note(self, subject: str, attempt: Attempt) -> None:
        with self._lock:
            self.attempts[subject].append(attempt)

    def told(self) -> int:
        """How many changes were acknowledged so far."""
        with self._lock:
            every = [each for attempts in self.attempts.values() for each in attempts]
        return sum(each.acknowledged and each.change != SEEN for each in every)

    def booked(self) -> list[str]:
        """The orders that were told to be booked."""
        with self._lock:
            return [
                subject
                for subject, attempts in self.attempts.items()
                if any(each.acknowledged and each.ref for each in attempts)
            ]

    def judge(self, kept: Mapping[str, Kept]) -> Verdict:
        """Hold what was told against what is there."""
        lost, twice, unacknowledged = [], [], 0
        for subject, attempts in self.attempts.items():
            there = kept.get(subject, Kept())
            told, doubted = counted(attempts, acknowledged=True), counted(attempts, acknowledged=False)
            lost += [f"{subject} {missing}" for missing in missing_of(attempts, there)]
            for change in told.keys() | doubted.keys():
                happened = there.changes.get(change, 0)
                unacknowledged += max(0, happened - told[change])
                if happened < told[change]:
                    lost.append(f"{subject}: {change} told {told[change]}, happened {happened}")
                if happened > told[change] + doubted[change]:
                    twice.append(f"{subject}: {change} tried {told[change]}, happened {happened}")
        every = [each for attempts in self.attempts.values() for each in attempts if each.change != SEEN]
        sure = sum(each.acknowledged for each in every)
        return Verdict(lost, twice, sure, len(every) - sure, unacknowledged)


def possible(attempts: Iterable[Attempt]) -> set[str]:
    """What a subject can be after these attempts: what was told last, or what a later one in doubt made."""
    states = {NOTHING}
    for each in attempts:
        states = {each.leads_to} if each.acknowledged else states | {each.leads_to}
    return states


def missing_of(attempts: list[Attempt], there: Kept) -> list[str]:
    """Sentences on what was told and is not so."""
    refs = {each.ref for each in attempts if each.ref}
    missing = [f"is {there.ref}, told {ref}" for ref in refs - {there.ref}]
    if there.state not in possible(attempts):
        missing.append(f"is {there.state}, can only be {' or '.join(sorted(possible(attempts)))}")
    return missing


def counted(attempts: Iterable[Attempt], *, acknowledged: bool) -> Counter[str]:
    """How often each change was acknowledged, or is in doubt."""
    return Counter(
        each.change for each in attempts if each.acknowledged is acknowledged and each.change != SEEN
    )

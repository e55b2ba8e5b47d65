"""What `manage.py benchmark booking` can be asked for."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Collection
from math import inf
from pathlib import Path
from typing import Any

from portal.benchmarks.booking.policies import POLICIES
from portal.benchmarks.booking.scenarios import SCENARIOS


def add_booking(parser: ArgumentParser) -> None:
    """Add its options. Where several values may be given, commas part them: each is run with each."""
    add = parser.add_argument
    add("--instances", type=Path, required=True, metavar="DIR", help="a folder of VRPLIB files")
    add("--seed", dest="seeds", type=several(int), default=(0,), help="who comes and what they like (0)")
    add("--scenario", dest="scenarios", type=several(str, SCENARIOS), default=("hours",), help="hours, load")
    add("--pickups", type=share, default=0.0, help="of those who come, this share is fetched from (0)")
    add("--policies", type=several(str, POLICIES), default=tuple(POLICIES), help="of " + ", ".join(POLICIES))
    add("--reoptimise", type=several(whole), default=(20,), help="every so many bookings; 0: never (20)")
    add("--reoptimise-seconds", dest="reoptimise_s", type=span, default=0.3, help="each time (0.3)")
    add("--nudge", dest="nudges", type=several(span), default=(2.0,), help="how much words weigh (2)")
    add("--outside", dest="outsides", type=several(float), default=(None,), help="utility of walking away")
    add("--final-seconds", dest="final_s", type=span, default=1.0, help="of the last solve (1)")
    add(
        "--bound-seconds", dest="bound_s", type=span, default=0.0, help="of a solve free of windows (0: none)"
    )
    add("--resolve", type=whole, default=0, metavar="N", help="solve N quotes of each day anew, to compare")
    add("--resolve-seconds", dest="resolve_s", type=span, default=1.0, help="of each of those solves (1)")
    add("--processes", type=counted, default=1, help="days side by side; solves share the machine then (1)")
    add("--dump", type=Path, metavar="FILE", help="one line of JSON for each day, to be checked by others")
    add("--json", action="store_true", help="print one JSON object and nothing else")


def several(of: Callable[[str], Any], known: Collection[str] = ()) -> Callable[[str], tuple[Any, ...]]:
    """Return a parser of values parted by commas, each once."""

    def parse(text: str) -> tuple[Any, ...]:
        found = tuple(dict.fromkeys(of(part) for part in text.split(",") if part))
        unknown = [value for value in found if known and value not in known]
        if unknown or not found:
            raise ArgumentTypeError(f"give some of {', '.join(known)}" if known else "give at least one")
        return found

    return parse


def whole(text: str) -> int:
    """Return a whole number from 0 on; argparse turns ValueError into a sentence."""
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


def counted(text: str) -> int:
    """Return a whole number from 1 on."""
    number = whole(text)
    if not number:
        raise ValueError(text)
    return number


def span(text: str) -> float:
    """Return a number from 0 on."""
    number = float(text)
    if not 0 <= number < inf:
        raise ValueError(text)
    return number


def share(text: str) -> float:
    """Return a share that every so manyth makes up: 0, or 1 divided by a whole number from 2 on."""
    part = span(text)
    if part and (part > 0.5 or abs(1 / part - round(1 / part)) > 1e-9):
        raise ValueError(text)
    return part

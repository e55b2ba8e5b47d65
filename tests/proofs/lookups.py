"""Guesses at orders and e-mail addresses, beside questions that find something: is there a difference?"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt
from random import Random
from statistics import median
from time import perf_counter

from portal.benchmarks.stack import Stack
from tests.proofs.link_visitor import Seen, Visitor
from tests.proofs.linked import FOUND

DIFFER_ANYHOW = {"date", "x-request-id"}
ASKED = "/find/asked/"


@dataclass(frozen=True)
class Compared:
    """Answers to hits and to misses: how many kinds there were, and milliseconds of each."""

    kinds: int
    hits: tuple[float, ...]
    misses: tuple[float, ...]

    @property
    def slower(self) -> float:
        """How likely a hit took longer than a miss, both drawn blindly: 0.5 if nothing can be told."""
        return chance_of_more(self.hits, self.misses)

    @property
    def p(self) -> float:
        """How likely such a difference is by chance alone (Mann-Whitney, two-sided)."""
        many = len(self.hits) * len(self.misses)
        spread = sqrt((len(self.hits) + len(self.misses) + 1) / (12 * many))
        return erfc(abs(self.slower - 0.5) / spread / sqrt(2))

    def said(self) -> str:
        """The figures in a sentence."""
        return (
            f"{len(self.misses)} misses {median(self.misses):.2f} ms, {len(self.hits)} hits "
            f"{median(self.hits):.2f} ms, a hit is slower {self.slower:.3f} of the time (p {self.p:.2f})"
        )


def chance_of_more(these: Sequence[float], those: Sequence[float]) -> float:
    """How likely one of these is larger than one of those, ties counting half."""
    others = sorted(those)
    ahead = sum(bisect_left(others, value) + bisect_right(others, value) for value in these)
    return ahead / 2 / (len(these) * len(those))


def compare(stack: Stack, orders: Sequence[str], *, times: int, chance: Random) -> Compared:
    """Ask so often for what is there and for what is not, in any order, each from its own network."""
    questions = [(True, (orders[number % len(orders)], FOUND)) for number in range(times)]
    questions += [(False, a_miss(orders, chance)) for _number in range(times)]
    chance.shuffle(questions)
    visitor = Visitor(stack).stays_connected()
    visitor.ask("GET", "/find/")
    for warm in range(20):
        ask(visitor, ("warm", "warm@example.com"), number=warm + 60_000)
    took, answers = {True: [], False: []}, set()
    for number, (hit, question) in enumerate(questions):
        began = perf_counter()
        seen = ask(visitor, question, number=number)
        took[hit].append((perf_counter() - began) * 1000)
        answers.add(alike(seen))
    return Compared(len(answers), tuple(took[True]), tuple(took[False]))


def a_miss(orders: Sequence[str], chance: Random) -> tuple[str, str]:
    """A right order with a wrong address, a wrong order with the right address, or neither."""
    order, wrong = chance.choice(orders), f"WRONG-{chance.randrange(10**6)}"
    stranger = f"guess{chance.randrange(10**6)}@example.com"
    return chance.choice([(order, stranger), (wrong, FOUND), (wrong, stranger)])


def ask(visitor: Visitor, question: tuple[str, str], *, number: int) -> Seen:
    """Ask from the network with this number: else its limit would answer."""
    visitor.network = f"10.{number // 250}.{number % 250}.7"
    return visitor.ask("POST", "/find/", {"order_number": question[0], "email": question[1]})


def alike(seen: Seen) -> tuple[object, ...]:
    """All that an answer says, but for what differs between any two."""
    headers = [(name, value) for name, value in seen.headers if name.lower() not in DIFFER_ANYHOW]
    return seen.status, seen.body, tuple(headers)


def refused_at(visitor: Visitor, **more: str) -> int:
    """Guess until 429; return which guess that was, 0 for none of twenty."""
    visitor.ask("GET", "/find/")
    for number in range(1, 21):
        forged = {name: value.replace("N", str(number)) for name, value in more.items()}
        data = {"order_number": f"GUESS-{number}", "email": f"guess{number}@example.com"}
        if visitor.ask("POST", "/find/", data, **forged).status == 429:
            return number
    return 0

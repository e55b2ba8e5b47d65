"""Shoppers who go on whatever happens: they quote, hold, extend, confirm, move, cancel, and keep a ledger."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random
from threading import Event, Thread
from types import TracebackType
from typing import Self

from portal.benchmarks.servers import wait_until
from portal.benchmarks.stack import Stack
from tests.proofs.browsing import Browser, Strange, Traffic, Unanswered
from tests.proofs.ledger import CANCELLED, SEEN, Ledger, possible
from tests.proofs.run import Run
from tests.races.shopper import KEEPING, Answer, addresses

HOUSEHOLDS = 600


class Stopped(Exception):
    """The crowd goes home."""


@dataclass
class Trip:
    """One shopper's way from the first question to a booking, perhaps moved, perhaps cancelled.

    Every step begins with a page, so that it can be taken again after an attempt that nobody answered.
    """

    browser: Browser
    merchant: str
    address: str
    order: str
    chance: Random
    ledger: Ledger
    stop: Event
    pause_s: float
    hold: str = ""
    key: str = ""
    ref: str = ""

    @property
    def subject(self) -> str:
        return f"order {self.order}"

    def go(self) -> None:
        """Take the steps, each until it is answered."""
        for step in self.steps():
            self.persist(step)
            self.rest(self.pause_s)

    def steps(self) -> Iterator[Callable[[], None]]:
        """What this shopper does, as chance has it."""
        yield self.choose
        if self.key and self.chance.random() < 0.15:
            yield self.choose
        if not self.key or self.chance.random() < 0.1:
            return
        yield self.see
        if self.chance.random() < 0.3:
            yield self.extend
        yield self.confirm
        if not self.ref:
            return
        yield self.look
        if self.chance.random() < 0.5:
            yield self.move
        if self.chance.random() < 0.5:
            yield self.cancel
        yield self.look

    def persist(self, step: Callable[[], None]) -> None:
        """Try again until somebody answers."""
        while True:
            try:
                return step()
            except Unanswered:
                self.rest(0.2)

    def rest(self, mean_s: float) -> None:
        if self.stop.wait(self.chance.uniform(0.5, 1.5) * mean_s):
            raise Stopped

    def change(self, path: str, subject: str, change: str, leads_to: str, **form: str) -> Answer:
        """Post a change; keep in the ledger what was answered, or that nobody did."""
        try:
            answer = self.browser.post(path, **form)
        except Unanswered:
            self.ledger.doubt(subject, change, leads_to)
            raise
        if answer.status == 303:
            ref = ref_in(answer.location)
            self.ledger.acknowledge(subject, change, leads_to, ref=ref)
        return answer

    def choose(self) -> None:
        """Ask, and have a time kept; the key stays empty where there is none to have."""
        self.browser.ask(self.merchant, self.address)
        for _attempt in range(3):
            offered = self.browser.offered()
            if not offered:
                break
            key = self.chance.choice(sorted(offered))
            answer = self.browser.hold(self.merchant, offered[key])
            if answer.status == 303:
                self.key = key
                return
        self.key = ""

    def check(self) -> Answer:
        """Open the page that checks; note which hold it is about."""
        answer = self.browser.get(f"/s/{self.merchant}/check/")
        if answer.status == 200:
            found = KEEPING.search(answer.body)
            self.hold, _dot, key = found[1].partition(".") if found else ("", "", "")
            if key != self.key:
                raise Strange(f"{self.subject}: {self.key} was kept, the page says {key or 'nothing'}")
        return answer

    def see(self) -> None:
        """See the time that is kept."""
        if self.check().status != 200:
            raise Strange(f"{self.subject}: {self.key} was kept, and is not known")
        self.ledger.acknowledge(f"hold {self.hold}", "hold.placed", self.key)

    def extend(self) -> None:
        """Have it kept for longer."""
        self.check()
        self.change(f"/s/{self.merchant}/check/extend/", f"hold {self.hold}", "hold.extended", self.key)

    def confirm(self) -> None:
        """Book it. Who comes back after an attempt that nobody answered may find it booked."""
        for _attempt in range(3):
            page = self.check()
            if page.status == 303:
                self.ref = ref_in(page.location)
                if not self.ref:
                    raise Strange(f"{self.subject}: {self.key} was kept, and is not known")
                self.ledger.acknowledge(self.subject, SEEN, self.key, ref=self.ref)
                return
            answer = self.change(
                f"/s/{self.merchant}/check/", self.subject, "booking.confirmed", self.key,
                email=f"{self.order}@example.org".lower(), order_number=self.order,
                keeping=f"{self.hold}.{self.key}",
            )  # fmt: skip
            if answer.status == 303:
                self.ref = ref_in(answer.location)
                return

    def look(self) -> None:
        """Open the booking's page."""
        if self.browser.get(f"/d/{self.ref}/").status != 200:
            raise Strange(f"{self.subject}: no page of its own")

    def move(self) -> None:
        """Move it to a time it can't have yet, so that each answer stands for a change."""
        path = f"/d/{self.ref}/move/"
        if self.browser.get(path).status != 200:
            raise Strange(f"{self.subject}: can't be moved")
        offered = self.browser.offered()
        others = sorted(offered.keys() - possible(self.ledger.attempts[self.subject]))
        if others:
            key = self.chance.choice(others)
            self.change(path, self.subject, "booking.moved", key, offer=offered[key])

    def cancel(self) -> None:
        """Cancel it. Who comes back may find it cancelled."""
        path = f"/d/{self.ref}/cancel/"
        if self.browser.get(path).status == 303:
            self.ledger.acknowledge(self.subject, SEEN, CANCELLED)
        else:
            self.change(path, self.subject, "booking.cancelled", CANCELLED)


def ref_in(location: str) -> str:
    """The reference in a booking's address, empty in any other."""
    found = re.search(r"/d/([^/]+)/$", location)
    return found[1] if found else ""


@dataclass
class Crowd:
    """So many shoppers at once, trip after trip, until the `with` ends."""

    run: Run
    stack: Stack
    merchant: str
    shoppers: int
    pause_s: float = 0.1
    keeps_alive: bool = False
    first: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    traffic: Traffic = field(default_factory=Traffic)
    _stop: Event = field(default_factory=Event)
    _threads: list[Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads = [
            Thread(target=self._shop, args=(n,), daemon=True)
            for n in range(self.first, self.first + self.shoppers)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=90)

    def wait_for_changes(self, number: int, *, seconds: float = 60) -> None:
        """Wait until so many more changes are acknowledged. Raises TimeoutError."""
        wanted = self.ledger.told() + number
        try:
            wait_until(lambda: self.ledger.told() >= wanted, seconds=seconds, what=f"{number} more changes")
        except TimeoutError as error:
            last = [(each.what, each.status) for each in self.traffic.requests[-3:]]
            raise TimeoutError(f"{error}; {last}; {self.traffic.strange[-3:]}") from error

    def _shop(self, number: int) -> None:
        """Trip after trip; each comes from a network of its own: throttles are not what is proven here."""
        chance = self.run.random(f"shopper {number}", seed=self.run.seed_of(number))
        homes = addresses(HOUSEHOLDS)
        for trip in count(1):
            network = f"10.{number}.{trip % 250}.1"
            browser = Browser(
                self.stack.url,
                network,
                self.stack.headers,
                traffic=self.traffic,
                keeps_alive=self.keeps_alive,
            )
            address, order = chance.choice(homes), f"S{number}-{trip}"
            try:
                Trip(
                    browser, self.merchant, address, order, chance, self.ledger, self._stop, self.pause_s
                ).go()
            except Stopped:
                return
            except (Strange, AssertionError) as error:
                self.traffic.strange.append(f"{order}: {error}"[:300])

"""64 shoppers look, wait, click and confirm while the routes of their days are improved all the time."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from random import Random
from threading import Event, Thread
from time import monotonic, sleep, time

from portal.benchmarks.stack import Stack, running
from tests.proofs import within
from tests.proofs.afterwards import look, mail_taken, said_of
from tests.proofs.browsing import Browser, Traffic, Unanswered, percentile
from tests.proofs.ledger import Ledger
from tests.proofs.load import HOUSEHOLDS, Trip
from tests.proofs.routes import Rows, Swap
from tests.proofs.run import Outcome, Run
from tests.races.shopper import addresses

CANCELS = 0.2
ASKS_AGAIN_S = 0.3
Ages = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Click:
    """A time that was clicked: of which day, when it was shown and clicked, and whether it could be had."""

    day: str
    age: int
    shown_at: float
    clicked_at: float
    granted: bool

    def rerouted(self, swaps: list[Swap]) -> bool:
        """Whether the day's routes were swapped between the look and the click."""
        return any(swap.day == self.day and self.shown_at < swap.at < self.clicked_at for swap in swaps)


@dataclass(frozen=True, slots=True)
class Looked:
    """A page of times that its shopper comes back to."""

    trip: Trip
    age: int
    offered: dict[str, str]
    shown_at: float


@dataclass
class Crowd:
    """Shoppers who have several households' pages open, and come back to each when it is so old."""

    run: Run
    stack: Stack
    merchant: str
    shoppers: int
    ages_s: Ages
    asks: int
    every_s: float
    ledger: Ledger = field(default_factory=Ledger)
    traffic: Traffic = field(default_factory=Traffic)
    clicks: list[Click] = field(default_factory=list)

    def shop(self, number: int) -> None:
        """Look so many times, one page after the other, and click on each when its time has come."""
        chance = self.run.random(f"shopper {number}", seed=self.run.seed_of(number))
        start = monotonic() + chance.uniform(0, self.every_s)
        due: list[tuple[float, int, Looked | None]] = [
            (start + ask * self.every_s, ask, None) for ask in range(self.asks)
        ]
        heapify(due)
        while due:
            at, ask, looked = heappop(due)
            sleep(max(0.0, at - monotonic()))
            try:
                if looked is not None:
                    self.click(looked, chance)
                elif looked := self.look(number, ask, chance):
                    heappush(due, (monotonic() + self.ages_s[looked.age], ask, looked))
            except (Unanswered, AssertionError) as error:
                self.traffic.strange.append(f"S{number}-{ask}: {error}"[:300])

    def look(self, number: int, ask: int, chance: Random) -> Looked | None:
        """Ask for a household's times."""
        network, order = f"10.{number}.{ask % 250}.1", f"S{number}-{ask}"
        browser = Browser(self.stack.url, network, self.stack.headers, traffic=self.traffic)
        home = chance.choice(addresses(HOUSEHOLDS))
        trip = Trip(browser, self.merchant, home, order, chance, self.ledger, Event(), 0)
        browser.ask(self.merchant, home)
        offered = browser.offered()
        return Looked(trip, (number + ask) % len(self.ages_s), offered, time()) if offered else None

    def click(self, looked: Looked, chance: Random) -> None:
        """Click one of the times as they were shown, and book it; some are cancelled again."""
        trip, key = looked.trip, chance.choice(sorted(looked.offered))
        answer = trip.browser.hold(self.merchant, looked.offered[key])
        granted = answer.status == 303
        self.clicks.append(Click(day_of(key), looked.age, looked.shown_at, time(), granted))
        if not granted:
            return
        trip.key = key
        trip.see()
        trip.confirm()
        if trip.ref and chance.random() < CANCELS:
            trip.cancel()


def day_of(key: str) -> str:
    """The day that an offer's key names."""
    return key.partition(".")[2]


@contextmanager
def improving(stack: Stack, *, after_s: float) -> Iterator[None]:
    """Once some have looked, have all days that changed improved again and again, by the worker's task."""
    stop = Event()

    def ask() -> None:
        stop.wait(after_s)
        with Rows(stack) as rows:
            while not stop.wait(ASKS_AGAIN_S):
                rows.ask_for_all()
                rows.send("improve_plans")

    thread = Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)


def prove(run: Run) -> Outcome:
    """On PostgreSQL, with web and worker; days that are more than half full in the end.

    Every click counts, whoever took its place: a shopper who is refused does not ask whether it was a swap
    or another shopper. So the share granted is, if anything, too low for what swaps do; how many of the
    refused were of a day whose routes were swapped in between is told beside it. Pages are clicked when
    they are 2 or 10 minutes old; in the short form 1 or 4 seconds, with few clicks, of which 9 in 10 must
    be granted: what is asked of the full form would there be asked of single clicks.
    """
    ages_s: Ages = (1, 4) if run.short else (120, 600)
    shoppers, asks, every_s = run.size(64, 5), run.size(12, 3), run.size(60, 1)
    with (
        mail_taken() as (_mail, mail_url),
        running(run.folder, database="postgres", mail_url=mail_url, forked=run.short) as stack,
    ):
        laid_out = within.call(
            stack, "tests.proofs.unlucky:lay_out",
            vans=run.size(4, 3), days=run.size(5, 2), bookings=run.size(20, 7), seed=run.seed,
        )  # fmt: skip
        stack.start_web(seconds=60)
        stack.start_worker()
        crowd = Crowd(run, stack, laid_out["merchant"], shoppers, ages_s, asks, every_s)
        with improving(stack, after_s=every_s), ThreadPoolExecutor(shoppers) as pool:
            done = [pool.submit(crowd.shop, number) for number in range(shoppers)]
            while not all(each.done() for each in done):
                sleep(run.size(30, 2))
                run.say(f"{len(crowd.clicks)} clicks, {crowd.ledger.told()} changes acknowledged")
            for each in done:
                each.result()
        with Rows(stack) as rows:
            return judged(run, crowd, rows)


def judged(run: Run, crowd: Crowd, rows: Rows) -> Outcome:
    """Hold what shoppers were told against the rows, and clicks against what is asked."""
    found, moved, swaps = look(run, crowd.stack, wait_s=0), rows.bookings_elsewhere(), rows.swaps()
    verdict = crowd.ledger.judge(found.kept)
    for line in (*verdict.lost, *verdict.twice, *crowd.traffic.strange, *found.breaches):
        run.say(line)
    young, old = ([each for each in crowd.clicks if each.age == age] for age in (0, 1))
    holds = sorted(each.seconds for each in crowd.traffic.requests if each.what.endswith("/hold/"))
    outcomes = ", ".join(f"{times} {outcome}" for outcome, times in sorted(rows.outcomes().items()))
    broken = len(found.breaches) + len(verdict.lost) + moved
    return Outcome.of(
        f"{said_of(crowd.traffic, verdict)}; {broken} promises broken; "
        f"{said_of_clicks(young, swaps, crowd.ages_s[0])}; {said_of_clicks(old, swaps, crowd.ages_s[1])}; "
        f"runs: {outcomes}; p95 of a hold {percentile(holds, 0.95) * 1000:.0f} ms",
        no_promise_is_broken=not broken,
        nothing_is_done_twice=not verdict.twice,
        nothing_strange_was_answered=not crowd.traffic.strange,
        # Among few clicks, on a busy machine, it is chance whether one comes after a swap.
        something_was_swapped=run.short or bool(swaps),
        something_was_swapped_between_look_and_click=run.short
        or any(each.rerouted(swaps) for each in crowd.clicks),
        young_offers_are_granted=share(young) >= run.size(99, 90) / 100,
        old_offers_are_granted=share(old) >= run.size(95, 90) / 100,
    )


def share(clicks: list[Click]) -> float:
    return sum(each.granted for each in clicks) / len(clicks) if clicks else 0.0


def said_of_clicks(clicks: list[Click], swaps: list[Swap], age_s: float) -> str:
    """The figures of clicks of one age."""
    between = [each for each in clicks if each.rerouted(swaps)]
    refused = [each for each in clicks if not each.granted]
    perhaps = sum(each.rerouted(swaps) for each in refused)
    return (
        f"{len(clicks)} clicks {age_s:.0f} s old, {len(between)} after a swap: {share(clicks):.1%} granted, "
        f"{len(refused)} refused, {perhaps} of them after a swap"
    )

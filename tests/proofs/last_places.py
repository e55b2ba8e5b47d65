"""64 shoppers want 50 places at the same moment: nobody too many gets one, none stays empty."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from threading import Barrier
from time import perf_counter

from portal.benchmarks.stack import Database, Stack, running
from tests.proofs import within
from tests.proofs.run import Outcome, Run
from tests.races.shopper import Shopper, addresses


@dataclass(frozen=True)
class Rush:
    """What shoppers who all came at once were answered, and after how many seconds."""

    places: int
    statuses: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def sold(self) -> int:
        """How many were told that they have a place."""
        return self.statuses.count(303)

    @property
    def over(self) -> int:
        return max(0, self.sold - self.places)

    @property
    def unsold(self) -> int:
        return max(0, self.places - self.sold)


def on_postgres(run: Run) -> Outcome:
    return race(run, "postgres", p95_ms=450)


def on_sqlite(run: Run) -> Outcome:
    return race(run, "sqlite", p95_ms=2_000)


def race(run: Run, database: Database, *, p95_ms: int) -> Outcome:
    shoppers, places = run.size(64, 12), run.size(50, 6)
    web = {"WEB_CONCURRENCY": str(run.size(4, 1)), "WEB_THREADS": "1"} if database == "postgres" else {}
    with running(run.folder, database=database, settings=web, forked=run.short) as stack:
        rushes = all_rushes(run, stack, shoppers, places)
        invariants = stack.manage("check_invariants", check=False)
        locked = stack.web.said().count("database is locked")
    over, unsold = sum(rush.over for rush in rushes), sum(rush.unsold for rush in rushes)
    seconds = sorted(second for rush in rushes for second in rush.seconds)
    p95 = seconds[int(0.95 * len(seconds))] * 1000
    return Outcome.of(
        f"{shoppers} shoppers, {places} places{times(rushes)}: {over} over, {unsold} unsold, "
        f"{locked} locked, p95 {p95:.0f} ms",
        nobody_too_many=over == 0,
        none_unsold=unsold == 0,
        nothing_else_answered={status for rush in rushes for status in rush.statuses} <= {303, 409},
        never_locked=locked == 0,
        quick_enough=run.short or p95 < p95_ms,
        invariants_hold="\n0 breaches" in invariants,
    )


def times(rushes: list[Rush]) -> str:
    return f", {len(rushes)} times" if len(rushes) > 1 else ""


def all_rushes(run: Run, stack: Stack, shoppers: int, places: int) -> list[Rush]:
    """Start web and let shoppers rush at a shop of its own for each seed."""
    found = within.call(stack, "tests.proofs.rows:last_places", places=places, shops=len(run.seeds))
    stack.start_web()
    rushes = []
    for seed, merchant in zip(run.seeds, found["merchants"], strict=True):
        run.say(f"web answers; {shoppers} shoppers ask for {places} places (seed {seed})")
        rushes.append(rush(stack, merchant, shoppers, places, run.random("addresses", seed=seed)))
    return rushes


def rush(stack: Stack, merchant: str, count: int, places: int, chance: Random) -> Rush:
    """Let all ask, wait for each other, and hold the first time."""
    barrier = Barrier(count)

    def shop(number: int, address: str) -> tuple[int, float]:
        shopper = Shopper(stack.url, network=f"10.{number}.0.1", headers=stack.headers)
        token = shopper.ask(merchant, address)[0]
        barrier.wait(timeout=120)
        started = perf_counter()
        answer = shopper.hold(merchant, token)
        return answer.status, perf_counter() - started

    with ThreadPoolExecutor(count) as pool:
        results = list(pool.map(shop, range(count), chance.sample(addresses(192), count)))
    statuses, seconds = zip(*results, strict=True)
    return Rush(places, statuses, seconds)

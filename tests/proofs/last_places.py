"""64 shoppers want 50 places at the same moment: nobody too many gets one, none stays empty."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import perf_counter

from portal.benchmarks.stack import Database, Stack, running
from tests.proofs.run import Outcome, Run
from tests.races.shopper import Shopper, addresses


def on_postgres(run: Run) -> Outcome:
    return race(run, "postgres", p95_ms=450)


def on_sqlite(run: Run) -> Outcome:
    return race(run, "sqlite", p95_ms=2_000)


def race(run: Run, database: Database, *, p95_ms: int) -> Outcome:
    shoppers, places = run.size(64, 16), run.size(50, 10)
    with running(run.folder, database=database) as stack:
        merchant = json.loads(stack.python("-m", "tests.proofs.rows", "last_places", str(places)))["merchant"]
        stack.start_web()
        run.say(f"{database}: web answers; {shoppers} shoppers ask")
        statuses, seconds = rush(stack, merchant, shoppers)
        invariants = stack.manage("check_invariants", check=False)
        locked = stack.web.said().count("database is locked")
    over, unsold = max(0, statuses.count(303) - places), max(0, places - statuses.count(303))
    p95 = sorted(seconds)[int(0.95 * len(seconds))] * 1000
    return Outcome.of(
        f"{shoppers} shoppers, {places} places: {over} over, {unsold} unsold, {locked} locked, "
        f"p95 {p95:.0f} ms",
        nobody_too_many=over == 0,
        none_unsold=unsold == 0,
        nothing_else_answered=set(statuses) <= {303, 409},
        never_locked=locked == 0,
        quick_enough=run.short or p95 < p95_ms,
        invariants_hold="\n0 breaches" in invariants,
    )


def rush(stack: Stack, merchant: str, count: int) -> tuple[list[int], list[float]]:
    """Let all ask, wait for each other, and hold the first time; return statuses and seconds."""
    barrier = Barrier(count)

    def shop(number: int, address: str) -> tuple[int, float]:
        shopper = Shopper(stack.url, network=f"10.{number}.0.1", headers=stack.headers)
        token = shopper.ask(merchant, address)[0]
        barrier.wait(timeout=120)
        started = perf_counter()
        answer = shopper.hold(merchant, token)
        return answer.status, perf_counter() - started

    with ThreadPoolExecutor(count) as pool:
        results = list(pool.map(shop, range(count), addresses(count)))
    return [status for status, _s in results], [seconds for _status, seconds in results]

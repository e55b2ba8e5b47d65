"""kill -9 on the web under load: what was acknowledged is there, what was not is whole or not there."""

import os
import signal
from contextlib import suppress
from random import Random
from time import sleep

from portal.benchmarks.stack import DATABASES, Database, Stack, running
from tests.proofs.afterwards import breaches, look, open_shop, said_of
from tests.proofs.load import Crowd
from tests.proofs.run import Outcome, Run

SHOPPERS, PAUSE_S = 6, 0.05
CHANGES_BETWEEN = 4
INVARIANTS_EVERY = 10


def prove(run: Run) -> Outcome:
    """On each database; in the short form on SQLite alone."""
    found = [killed(run, database) for database in DATABASES[: run.size(2, 1)]]
    return Outcome("; ".join(each.figures for each in found), sum((each.misses for each in found), ()))


def killed(run: Run, database: Database) -> Outcome:
    """Kill the web again and again while a crowd shops, and hold its ledger against the rows."""
    kills, web = run.size(100, 2), {"WEB_CONCURRENCY": str(run.size(2, 1))}
    with running(run.folder / database, database=database, settings=web, forked=run.short) as stack:
        with Crowd(run, stack, open_shop(run, stack), SHOPPERS, pause_s=PAUSE_S * run.size(1, 4)) as crowd:
            broken = kill_again_and_again(run, crowd, kills, database)
        rows = look(run, stack, wait_s=0)
    broken += rows.breaches
    verdict = crowd.ledger.judge(rows.kept)
    for line in (*verdict.lost, *verdict.twice, *crowd.traffic.strange, *broken):
        run.say(line)
    return Outcome.of(
        f"{database}: {kills} kills, {said_of(crowd.traffic, verdict)}, {len(broken)} breaches",
        nothing_acknowledged_is_lost=not verdict.lost,
        nothing_is_done_twice=not verdict.twice,
        invariants_hold=not broken,
        nothing_strange_was_answered=not crowd.traffic.strange,
        no_error_page=not any(status >= 500 for status in crowd.traffic.statuses()),
    )


def kill_again_and_again(run: Run, crowd: Crowd, kills: int, database: Database) -> list[str]:
    """Kill the web in two ways by turns, each after some changes; return what the invariants said."""
    chances, broken = [run.random(f"kills {database}", seed=seed) for seed in run.seeds], []
    for number in range(1, kills + 1):
        chance = chances[number % len(chances)]
        crowd.wait_for_changes(CHANGES_BETWEEN)
        sleep(chance.uniform(0, 0.5))
        kill(crowd.stack, chance, whole=number % 2 == 0)
        if number % INVARIANTS_EVERY == 0:
            broken += breaches(crowd.stack)
            run.say(f"{database}: {number} kills, {crowd.ledger.told()} changes acknowledged")
    crowd.wait_for_changes(CHANGES_BETWEEN)
    return broken


def kill(stack: Stack, chance: Random, *, whole: bool) -> None:
    """Kill all of the web, as a power cut would, and start it again; or one process, which is replaced."""
    if whole:
        stack.web.kill()
        stack.start_web(seconds=60)
    elif children := stack.web.children():
        with suppress(ProcessLookupError):
            os.kill(chance.choice(children), signal.SIGKILL)

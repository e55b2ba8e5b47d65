"""kill -9 on the web under load: what was acknowledged is there, what was not is whole or not there."""

import json
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from time import sleep

from portal.benchmarks.stack import DATABASES, Database, Stack, running
from tests.proofs.ledger import Kept, Ledger, Verdict
from tests.proofs.load import Crowd
from tests.proofs.run import Outcome, Run

SHOPPERS, VANS = 6, 6
CHANGES_BETWEEN = 4
INVARIANTS_EVERY = 10


@dataclass(frozen=True)
class Killed:
    """What one database's kills left behind."""

    kills: int
    verdict: Verdict
    broken: list[str]
    strange: list[str]
    apologies: int


def prove(run: Run) -> Outcome:
    """At full size on both databases, in the short form on the one that the seed says."""
    databases = (DATABASES[run.seed % 2],) if run.short else DATABASES
    found = [killed(run, database) for database in databases]
    verdicts = [each.verdict for each in found]
    strange = [line for each in found for line in each.strange]
    lost = [line for verdict in verdicts for line in verdict.lost]
    twice = [line for verdict in verdicts for line in verdict.twice]
    broken = [line for each in found for line in each.broken]
    for line in (*lost, *twice, *strange, *broken):
        run.say(line)
    return Outcome.of(
        f"{' and '.join(databases)}: {sum(each.kills for each in found)} kills, "
        f"{sum(each.acknowledged for each in verdicts)} changes acknowledged, {len(lost)} lost, "
        f"{len(twice)} done twice; {sum(each.in_doubt for each in verdicts)} in doubt, of which "
        f"{sum(each.unacknowledged for each in verdicts)} had been committed; "
        f"{len(broken)} looks with breaches, {len(strange)} strange answers, "
        f"{sum(each.apologies for each in found)} error pages",
        nothing_acknowledged_is_lost=not lost,
        nothing_is_done_twice=not twice,
        invariants_hold=not broken,
        nothing_strange_was_answered=not strange,
        no_error_page=not any(each.apologies for each in found),
    )


def killed(run: Run, database: Database) -> Killed:
    """Kill the web again and again while a crowd shops, and hold its ledger against the rows."""
    kills, chance, broken = run.size(100, 2), run.random(f"kills {database}"), []
    with running(
        run.folder / database, database=database, settings={"WEB_CONCURRENCY": str(run.size(2, 1))}
    ) as stack:
        merchant = json.loads(stack.python("-m", "tests.proofs.shop", "lay-out", str(VANS)))["merchant"]
        stack.start_web()
        with Crowd(run, stack, merchant, SHOPPERS, pause_s=0.05) as crowd:
            for number in range(1, kills + 1):
                crowd.wait_for_changes(CHANGES_BETWEEN)
                sleep(chance.uniform(0, 0.5))
                kill(stack, chance, whole=number % 2 == 0)
                if number % INVARIANTS_EVERY == 0:
                    broken += breaches(stack)
                    run.say(f"{database}: {number} kills, {len(crowd.ledger.attempts)} orders and holds")
            crowd.wait_for_changes(CHANGES_BETWEEN)
        broken += breaches(stack)
        return Killed(
            kills, verdict_on(stack, crowd.ledger), broken, crowd.traffic.strange,
            sum(n for status, n in crowd.traffic.statuses().items() if status >= 500),
        )  # fmt: skip


def kill(stack: Stack, chance: Random, *, whole: bool) -> None:
    """Kill all of the web, as a power cut would, and start it again; or one process, which is replaced."""
    if whole:
        stack.web.kill()
        stack.start_web(seconds=60)
    elif children := stack.web.children():
        with suppress(ProcessLookupError):
            os.kill(chance.choice(children), signal.SIGKILL)


def breaches(stack: Stack) -> list[str]:
    """What check_invariants says, nothing where all holds."""
    said = stack.manage("check_invariants", check=False)
    return [] if "\n0 breaches" in said else [said[-600:] or "check_invariants broke off"]


def verdict_on(stack: Stack, ledger: Ledger) -> Verdict:
    """Read the rows in a process of its own, and judge."""
    return ledger.judge(Kept.read(json.loads(stack.python("-m", "tests.proofs.shop", "kept"))))

"""Web and worker are restarted under load, as an upgrade does: nobody gets an error, nothing is lost."""

from dataclasses import dataclass
from time import monotonic

from portal.benchmarks.servers import Process
from portal.benchmarks.stack import ROOT, Stack, running, web_command
from tests.proofs.afterwards import (
    Effects,
    look,
    mail_taken,
    open_shop,
    said_of,
)
from tests.proofs.browsing import Traffic
from tests.proofs.ledger import Ledger
from tests.proofs.load import Crowd
from tests.proofs.run import Outcome, Run

PAUSE_S = 0.05
REQUESTS_PER_S = 20
WORKER_STOPS_S = 130


def prove(run: Run) -> Outcome:
    """Half of the shoppers keep their connections; no proxy stands between them and gunicorn."""
    web = {"WEB_PIDFILE": str(run.folder / "web.pid"), "WEB_CONCURRENCY": str(run.size(2, 1))}
    with (
        mail_taken() as (mail, mail_url),
        running(run.folder, database="postgres", mail_url=mail_url, settings=web, forked=run.short) as stack,
    ):
        # Of its own also in the short form: what comes up beside it has to load what is new.
        stack.web = Process(
            "web", web_command(stack.port), env=stack.environment, folder=stack.folder, cwd=ROOT
        )
        load = under_load(run, stack)
        rows = look(run, stack, somebody_died=False)
    verdict, effects = load.ledger.judge(rows.kept), Effects.of(rows.effects, mail.mails, load.ledger)
    failed = load.traffic.failed()
    for line in (
        *map(str, failed.items()),
        *verdict.lost,
        *load.traffic.strange,
        *effects.faults,
        *rows.breaches,
    ):
        run.say(line)
    return Outcome.of(
        f"{load.restarts} restarts of web and worker, {load.per_s:.0f} requests a second: "
        f"{failed.total()} of {len(load.traffic.requests)} failed; {said_of(load.traffic, verdict)}; "
        f"{len(effects.faults)} of {effects.events} events not exactly once, {effects.repeated} mails twice",
        no_request_failed=not failed,
        nothing_acknowledged_is_lost=not verdict.lost and not verdict.twice,
        no_effect_is_lost_or_repeated=not effects.faults and not effects.repeated,
        invariants_hold=not rows.breaches,
        nothing_strange_was_answered=not load.traffic.strange,
        there_was_load=run.short or load.per_s >= REQUESTS_PER_S,
    )


@dataclass(frozen=True)
class Load:
    """What shoppers did and met while all was restarted so often."""

    restarts: int
    per_s: float
    ledger: Ledger
    traffic: Traffic


def under_load(run: Run, stack: Stack) -> Load:
    """Restart web and worker by turns while two crowds shop; return what they met."""
    merchant, restarts = open_shop(run, stack), run.size(10, 1)
    shoppers, changes, pause_s = run.size(4, 2), run.size(5, 3), PAUSE_S * run.size(1, 8)
    stack.start_worker()
    new = Crowd(run, stack, merchant, shoppers, pause_s=pause_s)
    kept = Crowd(
        run, stack, merchant, shoppers, pause_s=pause_s,
        keeps_alive=True, first=shoppers, ledger=new.ledger, traffic=new.traffic,
    )  # fmt: skip
    began = monotonic()
    with new, kept:
        for number in range(1, restarts + 1):
            new.wait_for_changes(changes)
            stack.python("deploy/restart.py", stack.environment["WEB_PIDFILE"])
            new.wait_for_changes(changes)
            restart_worker(stack)
            run.say(f"{number} restarts, {new.ledger.told()} changes acknowledged")
        new.wait_for_changes(changes)
    per_s = len(new.traffic.requests) / (monotonic() - began)
    return Load(restarts, per_s, new.ledger, new.traffic)


def restart_worker(stack: Stack) -> None:
    """Ask the worker to end, which it does when its tasks are done, and start it again."""
    code = stack.worker.end(seconds=WORKER_STOPS_S)
    if code != 0:
        raise RuntimeError(f"the worker ended with {code}: {stack.worker.said()[-1000:]}")
    stack.start_worker()

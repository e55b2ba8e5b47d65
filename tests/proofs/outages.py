"""The database restarts under load, and Redis is away: no booking is lost, and all goes on by itself."""

from dataclasses import dataclass
from itertools import count
from time import monotonic, sleep, time

from portal.benchmarks.servers import Postgres
from portal.benchmarks.stack import Stack
from tests.proofs.afterwards import (
    Effects,
    look,
    said_of,
    shop_and_mail,
)
from tests.proofs.browsing import Browser, Strange, Unanswered, percentile
from tests.proofs.load import Crowd
from tests.proofs.run import Outcome, Run
from tests.races.shopper import addresses

READY_S, P95_AWAY_S, MAILS_BACK_S = 15, 1, 60
LITTLE_PAUSE_S = 0.2


def database(run: Run) -> Outcome:
    """PostgreSQL is shut down by turns as a crash leaves it and in order, and started again."""
    restarts = run.size(10, 2)
    with shop_and_mail(run) as (stack, merchant, mail):
        with Crowd(run, stack, merchant, shoppers=6, pause_s=LITTLE_PAUSE_S / run.size(4, 1)) as crowd:
            ready_s = [restart(run, crowd, number) for number in range(restarts)]
            crowd.wait_for_changes(4)
        rows = look(run, stack)
    verdict, effects = crowd.ledger.judge(rows.kept), Effects.of(rows.effects, mail.mails, crowd.ledger)
    for line in (*verdict.lost, *verdict.twice, *crowd.traffic.strange, *effects.faults, *rows.breaches):
        run.say(line)
    return Outcome.of(
        f"{restarts} restarts, {said_of(crowd.traffic, verdict)}; a fresh shopper holds a time at most "
        f"{max(ready_s):.1f} s after a start; {effects.mails} mails, {effects.repeated} repeated, "
        f"{len(effects.faults)} of {effects.events} events not exactly once",
        nothing_acknowledged_is_lost=not verdict.lost,
        nothing_is_done_twice=not verdict.twice,
        invariants_hold=not rows.breaches,
        ready_in_time=run.short or max(ready_s) < READY_S,
        each_effect_once=not effects.faults,
        no_more_repeated_mails_than_restarts=effects.repeated <= restarts,
        nothing_strange_was_answered=not crowd.traffic.strange,
        who_comes_meanwhile_is_asked_to_come_back=not crowd.traffic.statuses()[500],
    )


def restart(run: Run, crowd: Crowd, number: int) -> float:
    """Shut the database down for a moment; return how many seconds after its start a shopper is served."""
    postgres, harshly = crowd.stack.postgres, number % 2 == 0
    assert isinstance(postgres, Postgres)
    chance = run.random(f"restart {crowd.ledger.told()}", seed=run.seed_of(number))
    crowd.wait_for_changes(4)
    sleep(chance.uniform(0, 0.5))
    postgres.end(harshly=harshly)
    sleep(chance.uniform(0, run.size(3, 1)))
    began = monotonic()
    postgres.start()
    until_served(crowd.stack, crowd.merchant)
    run.say(f"{'immediate' if harshly else 'fast'} shutdown, served {monotonic() - began:.1f} s after start")
    return monotonic() - began


def until_served(stack: Stack, merchant: str) -> None:
    """Try until somebody new is shown times and has one kept. Raises TimeoutError after a minute."""
    deadline = monotonic() + 60
    for attempt in count():
        browser = Browser(stack.url, f"10.200.{attempt % 250}.1", stack.headers)
        try:
            browser.ask(merchant, addresses(1)[0])
            if browser.hold(merchant, min(browser.offered().values())).status == 303:
                return
        except (Unanswered, Strange, AssertionError) as error:
            if monotonic() > deadline:
                raise TimeoutError(f"nobody is served: {error}") from error
        sleep(0.1)


def broker(run: Run) -> Outcome:
    """Redis is killed, is away, and comes back empty; no other process is touched."""
    away_s = run.size(300, 2)
    with shop_and_mail(run) as (stack, merchant, mail):
        with Crowd(run, stack, merchant, shoppers=3, pause_s=2 * LITTLE_PAUSE_S) as crowd:
            crowd.wait_for_changes(5)
            gone, back = without_redis(run, crowd, away_s)
            crowd.wait_for_changes(5)
        rows = look(run, stack)
        unharmed = stack.web.alive and stack.worker.alive
    verdict, effects = crowd.ledger.judge(rows.kept), Effects.of(rows.effects, mail.mails, crowd.ledger)
    for line in (*verdict.lost, *crowd.traffic.strange, *effects.faults, *rows.breaches):
        run.say(line)
    away = crowd.traffic.seconds(gone.monotonic, back.monotonic)
    late_s = waited_s(effects, gone, back)
    return Outcome.of(
        f"away {back.monotonic - gone.monotonic:.0f} s: {said_of(crowd.traffic, verdict)}; "
        f"{len(away)} requests then, p95 {percentile(away, 0.95) * 1000:.0f} ms, "
        f"longest {percentile(away, 1) * 1000:.0f} ms; "
        f"{len(effects.faults)} of {effects.events} events not exactly once, the last mail of that time "
        f"{late_s:.0f} s after Redis was back",
        nothing_acknowledged_is_lost=not verdict.lost,
        no_request_failed=not verdict.in_doubt and set(crowd.traffic.statuses()) <= {200, 303, 409},
        nothing_strange_was_answered=not crowd.traffic.strange,
        invariants_hold=not rows.breaches,
        no_event_is_lost=not effects.faults,
        quick_enough_meanwhile=run.short or percentile(away, 0.95) < P95_AWAY_S,
        mails_in_time=run.short or late_s < MAILS_BACK_S,
        no_process_ended=unharmed,
    )


@dataclass(frozen=True)
class Moment:
    """One moment by both clocks: durations are measured by one, mails and events are dated by the other."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> "Moment":
        return cls(monotonic(), time())


def without_redis(run: Run, crowd: Crowd, seconds: int) -> tuple[Moment, Moment]:
    """Kill Redis, wait, and start it empty; return when it went and came."""
    gone = Moment.now()
    crowd.stack.redis.end()
    while (left_s := gone.monotonic + seconds - monotonic()) > 0:
        sleep(min(30, left_s))
        run.say(f"Redis is away: {crowd.ledger.told()} changes acknowledged")
    crowd.wait_for_changes(5)
    crowd.stack.redis.start()
    return gone, Moment.now()


def waited_s(effects: Effects, gone: Moment, back: Moment) -> float:
    """How long after Redis was back the last mail came about what happened while it was away."""
    about = [way.arrived for way in effects.ways if gone.wall <= way.happened < back.wall]
    return max(about, default=back.wall) - back.wall

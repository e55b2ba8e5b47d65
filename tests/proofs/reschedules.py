"""A reschedule storm: many move the same bookings between two times while the days' routes are improved."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any

from portal.benchmarks.stack import DATABASES, Database, Stack, running
from tests.proofs import within
from tests.proofs.afterwards import breaches
from tests.proofs.run import Outcome, Run

HERE = "tests.proofs.reschedules"
STORMED, FILLERS, VANS = 4, 12, 3
STRANGE = "strange"


@dataclass(frozen=True)
class Storm:
    """What became of it on one database. `chain` are sentences: where history does not hold together."""

    database: Database
    outcomes: Mapping[str, int]
    watched: Mapping[str, int]
    runs: Mapping[str, int]
    chain: tuple[str, ...]
    breaches: tuple[str, ...]

    def said(self) -> str:
        """The figures of one database."""
        moved, stayed = self.outcomes.get("moved", 0), self.outcomes.get("stayed", 0)
        refused, swaps = sum(self.outcomes.values()) - moved - stayed, self.runs.get("swapped", 0)
        looks, least, most = (self.watched[name] for name in ("looks", "least", "most"))
        return (
            f"{self.database}: {moved} moves, {stayed} to where it was, {refused} refused, "
            f"{swaps} swaps of {sum(self.runs.values())} runs; "
            f"{looks} looks saw {least} to {most} booked stops"
        )


def prove(run: Run) -> Outcome:
    """By services in processes of their own, each with its own connection and caches.

    On both databases; in the short form on PostgreSQL, where they are most at once.

    Every move that was acknowledged is in the history, in one unbroken chain: each starts where the one
    before ended, and has its line in the ledger of promises.
    """
    storms = [storm(run, database) for database in DATABASES[run.size(0, 1) :]]
    for one in storms:
        for line in (*one.chain, *one.breaches):
            run.say(f"{one.database}: {line}")
    return Outcome.of(
        "; ".join(one.said() for one in storms),
        always_one_booked_stop=all(
            one.watched["least"] == one.watched["most"] == 1 and one.watched["looks"] for one in storms
        ),
        history_is_one_chain=not any(one.chain for one in storms),
        nothing_strange_happened=not any(one.outcomes.get(STRANGE, 0) for one in storms),
        they_were_moved=all(one.outcomes.get("moved", 0) >= STORMED for one in storms),
        routes_were_swapped_meanwhile=all(one.runs.get("swapped", 0) for one in storms),
        invariants_hold=not any(one.breaches for one in storms),
    )


def storm(run: Run, database: Database) -> Storm:
    """Let so many processes move the same few bookings, each so often."""
    with running(run.folder / database, database=database, forked=run.short) as stack:
        laid = within.call(stack, f"{HERE}:lay_out", bookings=FILLERS, seed=run.seed)
        signs = {"go": str(stack.folder / "go"), "over": str(stack.folder / "over")}
        with beside(stack, ("watch", "keep_improving"), laid=laid, **signs) as others:
            outcomes = let_move(run, stack, laid, signs)
        watched, runs = (other.result() for other in others)
        chain = within.call(stack, f"{HERE}:broken_chains", laid=laid, moved=outcomes["moved"])
        return Storm(database, outcomes, watched, runs, tuple(chain), tuple(breaches(stack)))


@contextmanager
def beside(stack: Stack, names: Sequence[str], *, over: str, **values: Any) -> Iterator[list[within.Running]]:
    """Run functions of this module beside what is done meanwhile; then tell them that it is over."""
    started = [within.started(stack, f"{HERE}:{name}", over=over, **values) for name in names]
    try:
        yield started
    finally:
        Path(over).touch()


def let_move(run: Run, stack: Stack, laid: dict[str, Any], signs: Mapping[str, str]) -> Counter[str]:
    """Start all movers, begin when all are there, and wait until each has made its moves."""
    processes, moves = run.size(32, 4), run.size(40, 8)
    seeds = [f"{run.seed_of(number)} {number}" for number in range(processes)]
    with beside(stack, (), over=signs["over"]):
        movers = [
            within.started(stack, f"{HERE}:keep_moving", laid=laid, moves=moves, seed=seed, **signs)
            for seed in seeds
        ]
        while len(list(stack.folder.glob("go.*"))) < processes:
            assert all(mover.alive for mover in movers), "a mover ended before it began"
            sleep(0.1)
        run.say(f"{stack.folder.name}: {processes} processes are there")
        Path(signs["go"]).touch()
        outcomes = sum((Counter(mover.result()) for mover in movers), Counter())
    run.say(f"{stack.folder.name}: {processes} processes are done: {dict(outcomes)}")
    return outcomes


# What runs inside a portal's settings


def lay_out(bookings: int, seed: int) -> dict[str, Any]:
    """Two days out of order, and a few bookings, each with two times between which it will be moved."""
    from scheduling import clock
    from scheduling.models import DayPlan, MerchantDepot
    from tests.factories import make_booking
    from tests.proofs import unlucky

    laid = unlucky.lay_out(vans=VANS, days=2, bookings=bookings, seed=seed)
    outlet = MerchantDepot.objects.get(merchant__slug=laid["merchant"])
    days = [DayPlan.objects.get(pk=plan).service_date for plan in laid["plans"]]
    now = clock.now()
    made = [make_booking(outlet, hour=10, day=days[0], now=now) for _number in range(STORMED)]
    times = [f"{pattern.pk}.{day:%Y%m%d}" for pattern, day in zip(_two_of(outlet), days, strict=True)]
    return laid | {"deliveries": [booking.delivery_id for booking in made], "times": times, "seed": seed}


def _two_of(outlet: Any) -> list[Any]:
    """The patterns of the two times: the one they are booked for, and one of the other day."""
    return [outlet.slot_patterns.get(opens=f"{hour:02}:00") for hour in (10, 14)]


def keep_moving(laid: dict[str, Any], moves: int, seed: str, go: str, over: str) -> dict[str, int]:
    """Move bookings to the other of their two times, again and again; return how that went."""
    from random import Random

    chance, outcomes = Random(seed), Counter[str]()
    Path(f"{go}.{seed.replace(' ', '-')}").touch()
    while not Path(go).exists() and not Path(over).exists():
        sleep(0.02)
    for number in range(moves):
        outcomes[_move_one(chance.choice(laid["deliveries"]), laid["times"], f"{seed} {number}")] += 1
    return dict(outcomes)


def _move_one(delivery_id: int, times: list[str], session: str) -> str:
    from django.db import OperationalError

    from scheduling import clock
    from scheduling.errors import DomainError
    from scheduling.models import Delivery
    from scheduling.selectors.shopper import facts_now
    from scheduling.services.bookings import reschedule_delivery
    from scheduling.services.changes import is_lock_wait
    from scheduling.services.quotes import ask

    delivery = Delivery.objects.select_related("merchant", "booking__stop", "booking__quote").get(
        pk=delivery_id
    )
    before = delivery.booking
    values = {"session_key": f"storm {session}", "now": clock.now()}
    try:
        facts = facts_now(delivery=delivery, quote=before.quote)
        view = ask(merchant=delivery.merchant, facts=facts, moving=delivery, **values)
        wanted = times[times[0] == before.offer_key]
        offer = view.offer(wanted)
        if offer is None or not offer.available:
            return "not offered"
        moved = reschedule_delivery(
            delivery=delivery, offer_token=offer.token, actor=f"storm {session}", **values
        )
    except DomainError as error:
        return error.code
    except OperationalError as error:
        # So many processes may keep SQLite's lock from one that only asks: its page says to try again (503).
        return "asked_in_vain" if is_lock_wait(error) else STRANGE
    except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
        print(repr(error), file=sys.stderr)
        return STRANGE
    mine = moved.delivery.promises.filter(actor=f"storm {session}").exists()
    return "moved" if mine else "stayed"


def watch(laid: dict[str, Any], go: str, over: str) -> dict[str, int]:
    """Look again and again how many booked stops each delivery has, in one statement."""
    from django.db.models import Count, Q

    from scheduling.models import Delivery

    booked = Count("stops", filter=Q(stops__state="booked"))
    stormed = Delivery.objects.filter(pk__in=laid["deliveries"]).annotate(booked=booked)
    looks, seen = 0, {1}
    while not Path(over).exists():
        seen |= set(stormed.values_list("booked", flat=True))
        looks += Path(go).exists()
        sleep(0.002)
    return {"looks": looks, "least": min(seen), "most": max(seen)}


def keep_improving(laid: dict[str, Any], go: str, over: str) -> dict[str, int]:
    """Put a day's routes out of order and have them improved, as the worker does, until it is over."""
    from itertools import cycle

    from scheduling import clock
    from scheduling.errors import DomainError
    from scheduling.services.improvements import begin_improvement, finish_improvement, solve
    from tests.proofs.unlucky import put_all_out_of_order

    outcomes: Counter[str] = Counter()
    for number, plan_id in enumerate(cycle(laid["plans"])):
        if Path(over).exists():
            break
        try:
            if number % 4 > 1:
                put_all_out_of_order([plan_id], seed=number)
            begun = begin_improvement(plan_id=plan_id, actor="storm", now=clock.now())
            if begun is None:
                continue
            run = finish_improvement(begun=begun, found=solve(begun), now=clock.now())
            outcomes[run.outcome] += 1
        except DomainError as error:
            outcomes[error.code] += 1
    return dict(outcomes)


def broken_chains(laid: dict[str, Any], moved: int) -> list[str]:
    """Sentences on what in the history of the moved bookings doesn't hold together."""
    from scheduling.models import Delivery, Event

    faults, counted = [], 0
    for delivery in Delivery.objects.filter(pk__in=laid["deliveries"]):
        moves = list(Event.objects.filter(delivery=delivery, kind="booking.moved").order_by("pk"))
        promises = list(delivery.promises.order_by("number"))
        counted += len(moves)
        windows = [promise.opens_at.isoformat() for promise in promises]
        if [move.data["from_opens_at"] for move in moves] != windows[:-1]:
            faults.append(f"{delivery} moved from where it was not")
        if [move.data["opens_at"] for move in moves] != windows[1:]:
            faults.append(f"{delivery} was promised something else")
        if delivery.booking.stop.opens_at != promises[-1].opens_at:
            faults.append(f"{delivery} is not booked as it was promised last")
    if counted != moved:
        faults.append(f"{moved} moves were acknowledged, {counted} are kept")
    return faults

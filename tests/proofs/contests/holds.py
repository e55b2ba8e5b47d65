"""Changes that hold a time, keep it longer or give it back, and their rivals."""

from functools import partial

from scheduling.models import Hold
from scheduling.services.holds import extend_hold, release_hold
from scheduling.services.plans import sweep_plan
from tests.factories import NOW, TOMORROW, a_session
from tests.proofs.contests.world import (
    IN_TIME,
    SECOND,
    THIRD,
    TOO_LATE,
    Contest,
    World,
    confirming,
    is_one,
    one_of,
    only_theirs,
)


def last_place(world: World) -> Contest:
    world.leave_one_place()
    return Contest(world.holding(), world.holding(), one_of)


def place_of_one_that_dies(world: World) -> Contest:
    world.leave_one_place()
    return Contest(world.holding(), world.holding(), only_theirs)


def one_session_two_days(world: World) -> Contest:
    session = a_session()
    live = Hold.objects.filter(session_key=session, state=Hold.State.LIVE)
    return Contest(
        world.holding(TOMORROW, session), world.holding(SECOND, session), lambda *_both: live.count() == 1
    )


def one_session_first_hold_moves(world: World) -> Contest:
    """It holds a time already, and asks for two others at once."""
    session = a_session()
    world.holding(THIRD, session)()
    live = Hold.objects.filter(session_key=session, state=Hold.State.LIVE)
    return Contest(
        world.holding(TOMORROW, session), world.holding(SECOND, session), lambda *_both: live.count() == 1
    )


def given_back_or_confirmed(world: World) -> Contest:
    hold = world.hold()
    releasing = partial(release_hold, hold=hold, actor="x", now=NOW)
    return Contest(releasing, confirming(hold), lambda *_both: is_one(hold, "confirmed", "released"))


def extended_or_lapsed(world: World) -> Contest:
    hold = world.hold()
    extending = partial(extend_hold, hold=hold, actor="x", now=IN_TIME)
    sweeping = partial(sweep_plan, plan_id=world.plan_id(), now=TOO_LATE)
    return Contest(extending, sweeping, lambda mine, _swept: _extended_or_lapsed(hold, mine))


def lapsed_or_extended(world: World) -> Contest:
    hold = world.hold()
    extending = partial(extend_hold, hold=hold, actor="x", now=IN_TIME)
    sweeping = partial(sweep_plan, plan_id=world.plan_id(), now=TOO_LATE)
    return Contest(sweeping, extending, lambda _swept, theirs: _extended_or_lapsed(hold, theirs))


def _extended_or_lapsed(hold: Hold, extended: Hold | None) -> bool:
    hold.refresh_from_db()
    return (hold.state, hold.extensions) == (("live", 1) if extended else ("lapsed", 0))

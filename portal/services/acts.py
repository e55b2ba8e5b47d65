"""Drivers' acts: each is taken once, whenever it comes, and always has the answer that it got first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import IntegrityError, transaction

from portal.driving import Act, Done, NotYourStop
from portal.models.driving import DriverAct
from portal.photos import BadPhoto
from portal.services.doing import DOING, SETTLED, settle
from scheduling.errors import BadAttempt, DomainError, NeedsSomebody, PlanBusy, StopDone
from scheduling.services.changes import one_change

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.models import ShiftLink

Aside = DriverAct.Aside
MOST_SENTENCE: Final = 400
UNFINISHED: Final = (BadAttempt, BadPhoto, NeedsSomebody)
"""Something is missing or wrong in what was said: nothing is noted, and the driver says it again."""


def take_act(*, link: ShiftLink, act: Act, now: datetime) -> DriverAct:
    """Take an act once; said again, return the answer that it got first.

    What the rules refuse is an answer too, and kept. Raises NotYourStop for what is not this phone's, one of
    UNFINISHED for what is to be said again, and PlanBusy where a lock did not come free: then nothing was
    taken, and the same act may come again.
    """
    if known := said_before(link=link, uid=act.uid):
        return known
    try:
        return _take(link=link, act=act, now=now)
    except IntegrityError:
        # The same act came twice at once, and the other one was first.
        if known := said_before(link=link, uid=act.uid):
            return known
        raise


def said_before(*, link: ShiftLink, uid: UUID) -> DriverAct | None:
    """Return what an act was answered with, if it came before. Raises NotYourStop for another link's."""
    known = DriverAct.objects.filter(uid=uid).first()
    if known is not None and known.link_id != link.pk:
        raise NotYourStop
    return known


def _take(*, link: ShiftLink, act: Act, now: datetime) -> DriverAct:
    row = DriverAct(uid=act.uid, link=link, kind=act.kind, received_at=now)
    row.happened_at = min(act.happened_at, now)
    if act.kind not in SETTLED:
        return _do(row, link=link, act=act, now=now)
    try:
        return _note(row, settle(link, act, now))
    except (PlanBusy, NotYourStop, *UNFINISHED):
        raise
    except DomainError as error:
        return _refused(row, act, error)


@one_change
def _do(row: DriverAct, *, link: ShiftLink, act: Act, now: datetime) -> DriverAct:
    """Do what an act says and note it, both or neither."""
    try:
        with transaction.atomic():
            done = DOING[act.kind](link, act, now)
    except (PlanBusy, NotYourStop):
        raise
    except DomainError as error:
        return _refused(row, act, error)
    return _note(row, done)


def _refused(row: DriverAct, act: Act, error: DomainError) -> DriverAct:
    row.status, row.code = 409, error.code
    aside = Aside.TWICE if isinstance(error, StopDone) else Aside.REFUSED
    at_a_stop = act.kind in SETTLED or act.kind == DriverAct.Kind.ARRIVE
    return _note(row, Done(str(error), aside, stop_id=act.stop_id if at_a_stop else None))


def _note(row: DriverAct, done: Done) -> DriverAct:
    row.sentence, row.aside = done.sentence[:MOST_SENTENCE], done.aside
    row.route_id, row.stop_id = done.route_id, done.stop_id
    row.save(force_insert=True)
    return row

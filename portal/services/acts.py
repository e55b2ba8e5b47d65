"""Drivers' acts: each is taken once, whenever it comes, and always has the answer that it got first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from portal.driving import Act, Done, NotYourStop
from portal.models.driving import DriverAct
from portal.services.doing import DOING
from scheduling.errors import DomainError, PlanBusy
from scheduling.services.changes import one_change

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from portal.models import ShiftLink


def take_act(*, link: ShiftLink, act: Act, now: datetime) -> DriverAct:
    """Take an act once; said again, return the answer that it got first.

    What the rules refuse is an answer too, and kept. Raises NotYourStop for what is not this phone's, and
    PlanBusy where a lock did not come free: then nothing was taken, and the same act may come again.
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


@one_change
def _take(*, link: ShiftLink, act: Act, now: datetime) -> DriverAct:
    row = DriverAct(uid=act.uid, link=link, kind=act.kind, received_at=now)
    row.happened_at = min(act.happened_at, now)
    try:
        with transaction.atomic():
            done = DOING[act.kind](link, act, now)
    except (PlanBusy, NotYourStop):
        raise
    except DomainError as error:
        row.status, row.code, row.aside = 409, error.code, DriverAct.Aside.REFUSED
        done = Done(str(error), DriverAct.Aside.REFUSED, act.route_id, act.stop_id)
    row.sentence, row.aside = done.sentence[:400], done.aside
    row.route_id, row.stop_id = done.route_id, done.stop_id
    row.save(force_insert=True)
    return row

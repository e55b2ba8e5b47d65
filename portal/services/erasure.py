"""Erasing a person: from rows, answers, sessions and files. What the law and the routes need stays, nobody's.

Everything but files is one transaction: who is killed within it has changed nothing. Files are listed in it
and removed afterwards, and again by a task until they are gone.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import Model, Q

from portal.models import AccessLink, FormerContact, Repeatable, WidgetSession
from portal.services.browsers import Told, forget_told, sessions_of
from portal.services.photos import is_named
from returns.services import erasing as returns_erasing
from returns.services.drafts import drop_old_drafts
from scheduling.errors import DayHasBegun, PlanBusy
from scheduling.models import Delivery, FileToRemove
from scheduling.selectors.person import Person, person_behind
from scheduling.services import erasing
from scheduling.services.changes import one_change

log = logging.getLogger(__name__)

DROPPED: Final = (FormerContact, Repeatable, WidgetSession)
"""Of these a person's rows go altogether."""
REWRITTEN: Final[Mapping[type[Model], frozenset[str]]] = {Session: frozenset({"session_data", "session_key"})}
"""Columns of which a part stays: of a browser's session all that was not told at this merchant."""


def erase_person(*, delivery: Delivery, actor: str, now: datetime, alone: bool = False) -> Person:
    """Erase the person behind a delivery at its merchant; return what was theirs.

    `alone`: of that delivery only, since it grew old. Erased once more, nothing changes. Raises DayHasBegun,
    PlanBusy.
    """
    found = person_behind(delivery, alone=alone)
    # Before any lock: there may be many sessions.
    told = sessions_of(slug=found.merchant.slug, email=found.email, sessions=found.sessions)
    person = _erase(delivery=delivery, actor=actor, now=now, alone=alone, told=told)
    remove_files()
    empty_journal()
    return person


@one_change
def _erase(*, delivery: Delivery, actor: str, now: datetime, alone: bool, told: list[Told]) -> Person:
    person = erasing.claim_person(delivery=delivery, actor=actor, now=now, alone=alone)
    refs = [each.pk for each in person.all]
    AccessLink.objects.filter(delivery__in=refs, revoked_at=None).update(revoked_at=now)
    FormerContact.objects.filter(event__delivery__in=refs).delete()
    _forget_answers(person)
    _forget_widgets(person)
    forget_told(told, slug=person.merchant.slug)
    numbers = list(person.orders().values_list("pk", flat=True))
    returns_erasing.take_out(person.merchant, orders=numbers, email=person.email, now=now)
    erasing.take_out(person, actor=actor, cause="age" if alone else "asked", now=now)
    return person


def _forget_answers(person: Person) -> None:
    """Forget what was answered to the merchant's programs about them."""
    names = [each.ref for each in person.all]
    names += person.holds().values_list("token", flat=True)
    names += [each.pk.hex for each in _widgets(person)]
    named = Q()
    for name in names:
        named |= Q(answer__contains=f'"{name}"')
    for number in person.orders().values_list("number", flat=True):
        named |= Q(answer__contains=f'"number": {json.dumps(number)}')
    Repeatable.objects.of(person.merchant).filter(named).delete()


def _widgets(person: Person) -> list[WidgetSession]:
    """Return the widgets in which they chose; there are those of a day."""
    holds = set(person.holds().values_list("token", flat=True))
    numbers = set(person.orders().values_list("number", flat=True))
    return [
        row
        for row in WidgetSession.objects.of(person.merchant)
        if row.session_key in person.sessions or row.hold in holds or row.order_number in numbers
    ]


def _forget_widgets(person: Person) -> None:
    theirs = [each.pk for each in _widgets(person)]
    WidgetSession.objects.of(person.merchant).filter(pk__in=theirs).delete()


def remove_files() -> int:
    """Remove the files that are listed; return how many are gone. Those that can't be stay listed."""
    count = 0
    for row in FileToRemove.objects.order_by("pk"):
        # What a later delivery to the same door shows as well, since then, is not ours to remove.
        used = is_named(row.path)
        try:
            if not used:
                default_storage.delete(row.path)
        except OSError as error:
            log.warning("File %s is not removed: %s", row.pk, type(error).__name__)
            continue
        row.delete()
        count += 1
    return count


def empty_journal() -> None:
    """Have SQLite write its journal into the file and empty it: until then erased words stand in there.

    While somebody reads it stays as it is, until the task of the next hour.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# What grows old


def forget_old(*, now: datetime) -> int:
    """Take out what is kept for longer than the settings say; return how many rows or deliveries."""
    count = erasing.coarsen_what_waited() + remove_files()
    if settings.DRAFT_ADDRESS_DAYS:
        before = now - timedelta(days=settings.DRAFT_ADDRESS_DAYS)
        count += erasing.forget_drafts(before=before, now=now) + erasing.forget_lookups(before=before)
        count += drop_old_drafts(before=before, now=now)
    if settings.CONTACT_DAYS:
        old = erasing.grown_old(before=now - timedelta(days=settings.CONTACT_DAYS))
        count += sum(_forgotten(each, now=now) for each in old)
    empty_journal()
    return count


def _forgotten(delivery: Delivery, *, now: datetime) -> int:
    try:
        erase_person(delivery=delivery, actor="clock", now=now, alone=True)
    except (PlanBusy, DayHasBegun) as error:
        log.info("Delivery %s is not erased yet: %s", delivery.pk, error.code)
        return 0
    return 1

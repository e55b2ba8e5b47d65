"""One effect for one idempotency key, however often it is sent."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse

from portal.api.callers import Caller
from portal.api.documents import LONGEST_KEY
from portal.api.errors import InProgress, KeyMissing, KeyReused
from portal.models.keys import Repeatable
from scheduling import clock
from scheduling.services.changes import is_lock_wait, one_change

HEADER: Final = "Idempotency-Key"

Effect = Callable[[datetime], tuple[int, Mapping[str, Any]]]
Reveal = Callable[[dict[str, Any]], dict[str, Any]]


def once(
    request: HttpRequest, caller: Caller, effect: Effect, *, reveal: Reveal | None = None
) -> HttpResponse:
    """Run a change and keep its answer in the same transaction; asked again, return that answer.

    `effect` is given the instant and returns a status and what to answer. A refusal changes nothing and is
    not kept: asked again it is judged again. `reveal` adds what is not to be kept: links, which are derived
    when they are sent. Raises KeyMissing, KeyReused, InProgress, or what `effect` does.
    """
    key = request.headers.get(HEADER, "")
    if not key or len(key) > LONGEST_KEY or not all("!" <= sign <= "~" for sign in key):
        raise KeyMissing
    said = f"{request.method} {request.path}\n".encode() + request.body
    fingerprint = sha256(said).hexdigest()
    known = _known(caller, key) or _try(caller, key, fingerprint, effect)
    if known.fingerprint != fingerprint:
        raise KeyReused
    answer = json.loads(known.answer)
    response = JsonResponse(reveal(answer) if reveal else answer, status=known.status)
    if known.replayed:
        response["Idempotency-Replayed"] = "true"
    return response


class _Known:
    """What was answered: now, or before."""

    def __init__(self, row: Repeatable, *, replayed: bool) -> None:
        self.fingerprint, self.status, self.answer = row.fingerprint, row.status, row.answer
        self.replayed = replayed


def _known(caller: Caller, key: str) -> _Known | None:
    row = Repeatable.objects.of(caller.merchant).filter(key=key).first()
    return _Known(row, replayed=True) if row else None


def _try(caller: Caller, key: str, fingerprint: str, effect: Effect) -> _Known:
    try:
        return _Known(_take_effect(caller, key, fingerprint, effect), replayed=False)
    except _Taken as taken:  # somebody was quicker: theirs is certain by now, or waits for something itself
        known = _known(caller, key)
        if known is None:
            raise InProgress from taken
        return known


class _Taken(Exception):
    """Another request with this key is being answered, or was a moment ago."""


@one_change
def _take_effect(caller: Caller, key: str, fingerprint: str, effect: Effect) -> Repeatable:
    now = clock.now()
    try:
        # Whoever inserts the key first goes on; who comes second waits here for the first to end.
        with transaction.atomic():
            row: Repeatable = Repeatable.objects.create(
                merchant=caller.merchant,
                key=key,
                fingerprint=fingerprint,
                status=0,
                answer="",
                created_at=now,
            )
    except IntegrityError as error:
        raise _Taken from error
    except OperationalError as error:
        if is_lock_wait(error):
            raise _Taken from error
        raise
    row.status, answer = effect(now)
    row.answer = json.dumps(answer)
    Repeatable.objects.of(caller.merchant).filter(pk=row.pk).update(status=row.status, answer=row.answer)
    return row

"""The widget, opened by a merchant's server for one shopper."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from portal.api.callers import Needs, caller_of
from portal.api.documents import ONCE, changes
from portal.api.questions import SessionQuestion
from portal.api.repeats import once
from portal.api.schemas import SessionAnswer
from portal.api.slots import as_typed, door_of, place_of, size_of
from portal.models.keys import Scope
from portal.services.sessions import open_session, token_of
from scheduling import clock
from scheduling.geocoding import find_address

if TYPE_CHECKING:
    from portal.models.widget import WidgetSession

router = Router(tags=["Widget"])


@router.post(
    "/slot-sessions", response=changes(SessionAnswer, 201), openapi_extra=ONCE, auth=Needs(Scope.SESSIONS)
)
def open_widget(request: HttpRequest, question: SessionQuestion) -> HttpResponse:
    """Open the widget for one shopper in a page of yours; give its `session` to `<doorstep-slots>`.

    It lasts 30 minutes, then as long as a time is kept in it. An address that is not found just as written
    is asked about in the widget.
    """
    caller = caller_of(request)
    where = _where(question, now=clock.now())

    def effect(now: datetime) -> tuple[int, dict[str, Any]]:
        session = open_session(
            merchant=caller.merchant,
            origin=question.origin,
            size=size_of(question.load),
            requirements=question.requirements,
            door=door_of(question),
            shopper=question.shopper,
            order_number=question.order_number,
            locale=question.locale,
            actor=caller.actor,
            now=now,
            **where,
        )
        return 201, _said(session)

    return once(request, caller, effect, reveal=_with_token)


def _where(question: SessionQuestion, *, now: datetime) -> dict[str, Any]:
    """Return what is known of the address: found, to be looked at, or only typed. Asks the geocoder."""
    where = question.address
    if where is None:
        return {}
    if not where.line:  # the widget shows times for about there, and asks for the rest
        return {"typed": {"postcode": where.postcode, "country": where.country}}
    typed = {"address": as_typed(where), "unit": where.unit}
    if question.location:
        return {"place": place_of(where, question.location), "typed": typed}
    answer = find_address(query=as_typed(where), now=now)
    if answer.status == "exact":
        return {"place": answer.candidates[0].facts(unit=where.unit or answer.unit), "typed": typed}
    return {"typed": typed} | ({"answer": answer} if answer.candidates else {})


def _said(session: WidgetSession) -> dict[str, Any]:
    """Return what is kept of the answer for repetition: the token itself is not."""
    answer = SessionAnswer(
        session=session.pk.hex,
        expires_at=session.ends_at,
        origin=session.origin,
        address="found" if session.place else "unsure" if session.answer else "unknown",
    )
    return answer.model_dump(mode="json")


def _with_token(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"session": token_of(UUID(answer["session"]))}

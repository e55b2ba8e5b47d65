"""What browsers told us, kept in their sessions until it is booked: found, and forgotten."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.sessions.models import Session

from portal.sessions import SessionStore

SHOPPER: Final = "shopper"
"""Where a session keeps what its quotes and holds are bound to."""


def visit_key(slug: str) -> str:
    """Return where a session keeps what was typed at a merchant."""
    return f"visit:{slug}"


@dataclass(frozen=True, slots=True)
class Told:
    """A session in which somebody told something, as it was found."""

    pk: str
    data: str


def sessions_of(*, slug: str, email: str, sessions: Collection[str]) -> list[Told]:
    """Return the browsers' sessions in which a person chose or wrote at a merchant. One query, of all rows.

    They are signed and packed, so each is opened: some 20 µs.
    """
    found = []
    for row in Session.objects.only("session_key", "session_data").iterator():
        if _is_theirs(row.get_decoded(), slug, email, sessions):
            found.append(Told(row.session_key, row.session_data))
    return found


def _is_theirs(kept: dict[str, Any], slug: str, email: str, sessions: Collection[str]) -> bool:
    typed = kept.get(visit_key(slug))
    if typed is None:
        return False
    written = str(typed.get("contact", {}).get("email", "")).strip()
    return kept.get(SHOPPER) in sessions or (bool(email) and written.casefold() == email.casefold())


def forget_told(found: Collection[Told], *, slug: str) -> None:
    """Forget what these sessions told a merchant; all else in them stays."""
    for told in found:
        row = Session(session_key=told.pk, session_data=told.data)
        kept = row.get_decoded()
        kept.pop(visit_key(slug), None)
        encoded = SessionStore().encode(kept)
        # One that was written meanwhile belongs to somebody who is choosing right now.
        Session.objects.filter(pk=told.pk, session_data=told.data).update(session_data=encoded)

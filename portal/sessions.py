"""Sessions in the database, which say so when it is away, and are read by a statement compiled once.

Django's own takes every fault of the database while it saves for a session that was deleted meanwhile, and
answers 400: the visitor would read that their browser sent something wrong.
"""

from typing import Final

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import OperationalError

from scheduling import clock
from scheduling.statements import Columns, Statement

_SESSION: Final = Columns(Session)
_NAMED: Final = Statement(
    lambda key: Session.objects.filter(session_key=key).values_list(*_SESSION.names), "a session's key"
)


class SessionStore(db.SessionStore):
    """Django's own but for that."""

    def _get_session_from_db(self) -> Session | None:
        # Nearly every page asks for one, and Django takes longer to write the statement than to read it all.
        found = [_SESSION.instance(_NAMED.values_of(raw)) for raw in _NAMED.rows(self.session_key or "")]
        if found and found[0].expire_date > clock.wall():
            return found[0]
        self._session_key = None
        return None

    def save(self, must_create: bool = False) -> None:
        """Save. Raises OperationalError where the database is away, UpdateError where the session is gone."""
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise

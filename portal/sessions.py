"""Sessions in the database, which say so when it is away.

Django's own takes every fault of the database while it saves for a session that was deleted meanwhile, and
answers 400: the visitor would read that their browser sent something wrong.
"""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import OperationalError


class SessionStore(db.SessionStore):
    """Django's own but for that."""

    def save(self, must_create: bool = False) -> None:
        """Save. Raises OperationalError where the database is away, UpdateError where the session is gone."""
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise

"""Sessions are read by a statement of our own: it finds what Django's own would."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from portal.sessions import SessionStore
from scheduling import clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept() -> str:
    session = SessionStore()
    session["said"] = "Porch"
    session.save()
    return str(session.session_key)


def test_what_was_kept_is_read(kept):
    assert SessionStore(kept)["said"] == "Porch"


def test_a_session_that_is_over_is_none(kept):
    Session.objects.update(expire_date=clock.wall() - timedelta(seconds=1))

    found = SessionStore(kept)

    assert "said" not in found
    assert found.session_key is None


def test_a_name_that_nobody_gave_is_not_taken_over():
    found = SessionStore("somebody-made-this-up")

    assert "said" not in found
    assert found.session_key is None

"""A database that is away: a page that says so, and no trace in the next request."""

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from portal import http
from portal.sessions import SessionStore
from tests.factories import make_merchant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def away():
    """A function that takes the database away."""
    before = dict(connection.settings_dict)

    def take() -> None:
        connection.close()
        connection.settings_dict |= {"NAME": "/nowhere/at/all", "HOST": "/nowhere", "PORT": "1"}

    yield take
    connection.close()
    connection.settings_dict |= before


def test_a_page_says_that_the_records_are_away_and_the_next_request_works(visitor, away, settings):
    address = f"/s/{make_merchant().slug}/"
    before = dict(connection.settings_dict)
    away()

    refused = visitor.get(address)
    connection.settings_dict |= before
    answered = visitor.get(address)

    assert refused.status_code == 503
    assert refused["Retry-After"] == "10"
    assert refused["Cache-Control"] == "no-store, private"
    assert "What was booked or kept for you stays so." in refused.content.decode()
    assert answered.status_code == 200


def test_a_session_that_cannot_be_saved_is_no_fault_of_its_browser(away):
    session = SessionStore()
    session.create()
    away()

    with pytest.raises(OperationalError):
        session.save()


def test_a_session_that_was_ended_meanwhile_is_not_made_again():
    session = SessionStore()
    session.create()
    SessionStore(session.session_key).delete()

    with pytest.raises(UpdateError):
        session.save()


@pytest.mark.parametrize(
    ("fault", "status"), [(OperationalError, 503), (InterfaceError, 503), (ZeroDivisionError, 500)]
)
def test_only_a_database_that_is_away_is_worth_coming_back_for(rf, fault, status):
    try:
        raise fault
    except fault:
        answer = http.server_error(rf.get("/"))

    assert answer.status_code == status
    assert answer.has_header("Retry-After") == (status == 503)


def test_migrations_may_take_long_but_do_not_wait_long_for_a_lock():
    call_command("migrate", verbosity=0)

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            limits = {}
            for name in ("statement_timeout", "lock_timeout"):
                cursor.execute(f"SHOW {name}")
                limits[name] = cursor.fetchone()[0]
        connection.close()
        assert limits == {"statement_timeout": "0", "lock_timeout": "3s"}
    else:
        assert connection.vendor == "sqlite"

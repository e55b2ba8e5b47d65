"""What every test may use."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.servers.basehttp import WSGIServer
from django.db import connection

from scheduling import snapshots
from tests.fakes.mail import MailServer, start_mail_server

# Sixty shoppers knock at once: the live server's queue of ten would turn some away.
WSGIServer.request_queue_size = 128


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest, tmp_path_factory) -> None:
    """SQLite in a file of its own: in memory, threads would meet "table is locked"."""
    if connection.vendor != "sqlite":
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")
        return
    name = tmp_path_factory.mktemp("database") / "test.sqlite3"
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(name)


def uses_database(item: pytest.Item) -> bool:
    """Whether pytest-django gives this test a database."""
    wanted = {"db", "transactional_db", "live_server", "django_db_serialized_rollback"}
    return bool(item.get_closest_marker("django_db") or wanted & set(getattr(item, "fixturenames", ())))


def _elsewhere(item: pytest.Item) -> bool:
    """Whether a test ran on SQLite and would show nothing new here."""
    return any(item.get_closest_marker(name) for name in ("browser", "once"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL run what uses the database, the browser's tests aside."""
    if os.environ.get("TEST_ON") != "postgres":
        return
    if connection.vendor != "postgresql":
        for item in items:
            item.add_marker(pytest.mark.skip(reason="no PostgreSQL: set TEST_DATABASE_URL"))
    kept = [item for item in items if uses_database(item) and not _elsewhere(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture
def mail_server(settings) -> Iterator[MailServer]:
    """A real SMTP server to which the portal sends."""
    server, controller = start_mail_server()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.host, server.port
    yield server
    controller.stop()


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Throttles and cached tapes of one test mean nothing to the next."""
    cache.clear()
    snapshots.forget_all()
    yield
    cache.clear()

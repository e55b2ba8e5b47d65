"""What every test may use."""

import functools
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.servers.basehttp import WSGIServer
from django.db import connection
from django.test import TransactionTestCase

from portal import limits
from portal.benchmarks.stack import SQLITE, lay_out_tables
from portal.customers import pages
from scheduling import snapshots
from tests import layouts
from tests.fakes.mail import MailServer, start_mail_server
from tests.fakes.sms import SmsServer, sms_settings, texting
from tests.servers import TEMPLATE

# How long it takes to draw an example says how busy this machine is, and nothing about what is tested.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")

# Sixty shoppers knock at once: the live server's queue of ten would turn some away.
WSGIServer.request_queue_size = 128


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest, tmp_path_factory) -> None:
    """Copy tables that were made before: making them takes many seconds, in every worker.

    SQLite in a file of its own: in memory, threads would meet "table is locked".
    """
    test = settings.DATABASES["default"].setdefault("TEST", {})
    if connection.vendor != "sqlite":
        test["TEMPLATE"] = os.environ.get(TEMPLATE)
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")
        return
    options = settings.DATABASES["default"]["OPTIONS"]
    # What is lost with the machine's power is a test's.
    options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
    folder = tmp_path_factory.mktemp("database")
    lay_out_tables(folder, "sqlite")
    test["NAME"] = str(folder / SQLITE)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """Else the file with its tables would be removed, and made anew."""
    return django_db_keepdb or connection.vendor == "sqlite"


def uses_database(item: pytest.Item) -> bool:
    """Whether pytest-django gives this test a database."""
    wanted = {"db", "transactional_db", "live_server", "django_db_serialized_rollback"}
    return bool(item.get_closest_marker("django_db") or wanted & set(getattr(item, "fixturenames", ())))


def _elsewhere(item: pytest.Item) -> bool:
    """Whether a test ran on SQLite and would show nothing new here."""
    return any(item.get_closest_marker(name) for name in ("browser", "once"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files with something slow in them come first, so that all workers end together.

    On PostgreSQL run what uses the database, the browser's tests aside.
    """
    items.sort(key=lambda item: not item.get_closest_marker("slow"))
    if os.environ.get("TEST_ON") != "postgres":
        return
    if connection.vendor != "postgresql":
        for item in items:
            item.add_marker(pytest.mark.skip(reason="no PostgreSQL: set TEST_DATABASE_URL"))
    kept = [item for item in items if uses_database(item) and not _elsewhere(item)]
    config.hook.pytest_deselected(items=list(set(items).difference(kept)))
    items[:] = kept


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(autouse=True, scope="session")
def _garbage_is_collected_seldom() -> None:
    """What was loaded stays: looking through it again and again took a tenth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True, scope="session")
def _tables_are_emptied_quickly() -> None:
    """Leave what Django lays out itself: by its own way it would be laid out anew after each such test."""
    TransactionTestCase._fixture_teardown = _empty_tables


def _empty_tables(_test: TransactionTestCase) -> None:
    """Empty those tables of ours that hold rows, after a test whose rows others had to see.

    Most hold none, and PostgreSQL lays new files for each that it truncates.
    """
    if filled := _filled_tables():
        connection.ops.execute_sql_flush([f"DELETE FROM {quoted(name)}" for name in filled])


def _filled_tables() -> list[str]:
    tables = _tables()
    asked = ", ".join(f"EXISTS (SELECT 1 FROM {quoted(name)})" for name in tables)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {asked}")
        return [name for name, filled in zip(tables, cursor.fetchone(), strict=True) if filled]


@functools.cache
def _tables() -> list[str]:
    kept = {ContentType._meta.db_table, Permission._meta.db_table}
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return [name for name in tables if name not in kept]


def quoted(table: str) -> str:
    return connection.ops.quote_name(table)


@pytest.fixture(autouse=True, scope="session")
def _static_files_when_asked_for() -> None:
    """Else every `Client` would look all of them up before its first request."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture
def mail_server(settings) -> Iterator[MailServer]:
    """A real SMTP server to which the portal sends."""
    server, controller = start_mail_server()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.host, server.port
    yield server
    controller.stop()


@pytest.fixture
def sms_server(settings) -> Iterator[SmsServer]:
    """A real HTTP server to which the portal sends its SMS."""
    with texting() as server:
        for name, value in sms_settings(server.url).items():
            setattr(settings, name, value)
        yield server


@pytest.fixture(autouse=True, scope="session")
def _one_thread_writes() -> Iterator[None]:
    """A run of sending webhooks waits for every answer: rows of a test's transaction are nobody else's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portal.messaging.posting.PATIENCE_S", 30.0)
        yield


@pytest.fixture(autouse=True)
def _rows_are_laid_out_once(request: pytest.FixtureRequest) -> None:
    """See layouts.py."""
    layouts.watch()
    layouts.begin(_asked_for(request.node))


def _asked_for(item: pytest.Item) -> set[str]:
    """Fixtures that a test or one of our fixtures asks for: pytest's own ask for each other."""
    info = item._fixtureinfo
    ours = [each for found in info.name2fixturedefs.values() for each in found if _is_ours(each.func)]
    return {*info.argnames, *(name for each in ours for name in each.argnames)}


def _is_ours(fixture: Callable[..., object]) -> bool:
    return fixture.__module__.startswith("tests.")


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Throttles and cached tapes of one test mean nothing to the next."""
    cache.clear()
    limits.everything.forget()  # where the clock stands still all tests ask in one minute
    snapshots.forget_all()
    pages._merchants.forget()
    yield
    cache.clear()

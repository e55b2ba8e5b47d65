"""Packages from npm, for those whose own programs use us. Nothing of ours needs Node."""

import shutil
import subprocess
from pathlib import Path

import pytest

COMMAND = ("install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")


def install(folder: Path, *packages: str) -> None:
    """Put packages into a folder; the test is skipped where there is no Node, or they can't be had."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no Node here")
    command = [npm, *COMMAND, "--fetch-retries=0", *packages]
    try:
        subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=True)
    except subprocess.SubprocessError:
        pytest.skip(f"{', '.join(packages)} can't be had here")

"""React and a bundler from npm, for the lines of React that we show. Nothing else of ours needs them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

# React's own licence and esbuild's are MIT.
BUNDLER = "esbuild@0.28.2"
INSTALL = ("install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")
START = """
import { createRoot } from "react-dom/client";
window.show = (session) => createRoot(document.getElementById("app")).render(
  <form><DeliveryTimes session={session} onHeld={held} /></form>,
);
const held = (detail) => { window.held = detail; };
"""


def bundle(snippet: str, *, react: str, folder: Path) -> str:
    """Return a script: its `show(session)` puts a snippet's component into #app, with this React."""
    npm = shutil.which("npm")
    if not npm:
        reason = "no npm here, which brings React"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    wanted = [BUNDLER, f"react@{react}", f"react-dom@{react}"]
    subprocess.run([npm, *INSTALL, *wanted], cwd=folder, check=True, timeout=180)
    assert json.loads((folder / "node_modules/react/package.json").read_text())["version"] == react
    (folder / "app.jsx").write_text(snippet + START)
    command = [folder / "node_modules/.bin/esbuild", "app.jsx", "--bundle", "--jsx=automatic", "--minify"]
    return subprocess.run(command, cwd=folder, check=True, timeout=60, capture_output=True, text=True).stdout

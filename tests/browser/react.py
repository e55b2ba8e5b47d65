"""React and a bundler from npm, for the lines of React that we show. Nothing else of ours needs them."""

import json
import subprocess
from pathlib import Path

from tests.npm import install

# React's own licence and esbuild's are MIT.
BUNDLER = "esbuild@0.28.2"
START = """
import { createRoot } from "react-dom/client";
window.show = (session) => createRoot(document.getElementById("app")).render(
  <form><DeliveryTimes session={session} onHeld={held} /></form>,
);
const held = (detail) => { window.held = detail; };
"""


def bundle(snippet: str, *, react: str, folder: Path) -> str:
    """Return a script: its `show(session)` puts a snippet's component into #app, with this React.

    Without npm the test is skipped.
    """
    install(folder, BUNDLER, f"react@{react}", f"react-dom@{react}")
    assert json.loads((folder / "node_modules/react/package.json").read_text())["version"] == react
    (folder / "app.jsx").write_text(snippet + START)
    command = [folder / "node_modules/.bin/esbuild", "app.jsx", "--bundle", "--jsx=automatic", "--minify"]
    return subprocess.run(command, cwd=folder, check=True, timeout=60, capture_output=True, text=True).stdout

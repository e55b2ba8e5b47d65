"""`python -m tests.proofs.within MODULE:FUNCTION JSON`: run part of a proof inside a portal's own settings.

Whoever starts it reads what the function returned from its last line of output; what it says on the way
goes to the terminal.
"""

import json
import os
import subprocess
import sys
from importlib import import_module
from typing import Any

from portal.benchmarks.stack import ROOT, Stack


def call(stack: Stack, function: str, **arguments: Any) -> Any:
    """Run `module:function` in a process of its own with the stack's settings; return what it returned."""
    return started(stack, function, **arguments).result()


class Running:
    """A function that runs in a process of its own."""

    def __init__(self, function: str, process: "subprocess.Popen[str]") -> None:
        self.function, self.process = function, process

    def result(self) -> Any:
        """Wait for what it returned. Raises RuntimeError if it failed."""
        said, _nothing = self.process.communicate()
        if self.process.returncode:
            raise RuntimeError(f"{self.function} failed: {said[-2000:]}")
        return json.loads(said.splitlines()[-1])


def started(stack: Stack, function: str, **arguments: Any) -> Running:
    """Start `module:function` in a process of its own with the stack's settings."""
    command = [sys.executable, "-m", "tests.proofs.within", function, json.dumps(arguments)]
    process = subprocess.Popen(command, env=stack.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return Running(function, process)


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    module, _colon, function = sys.argv[1].partition(":")
    print(json.dumps(getattr(import_module(module), function)(**json.loads(sys.argv[2]))))


if __name__ == "__main__":
    main()

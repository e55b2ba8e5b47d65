"""`python -m tests.proofs.within MODULE:FUNCTION JSON`: run part of a proof inside a portal's own settings.

Whoever starts it reads what the function returned from its last line of output; what it says on the way
goes to the terminal.
"""

import json
import os
import sys
from importlib import import_module
from typing import Any

from portal.benchmarks.forks import Forked
from portal.benchmarks.stack import Stack


def call(stack: Stack, function: str, **arguments: Any) -> Any:
    """Run `module:function` in a process of its own with the stack's settings; return what it returned."""
    return started(stack, function, **arguments).result()


class Running:
    """A function that runs in a process of its own."""

    def __init__(self, function: str, process: Forked) -> None:
        self.function, self._process = function, process

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.alive

    def result(self) -> Any:
        """Wait for what it returned. Raises RuntimeError if it failed."""
        code, said, _nothing = self._process.wait()
        if code:
            raise RuntimeError(f"{self.function} failed: {said[-2000:]}")
        return json.loads(said.splitlines()[-1])


def started(stack: Stack, function: str, **arguments: Any) -> Running:
    """Start `module:function` in a process of its own with the stack's settings."""
    return Running(function, stack.fork("-m", "tests.proofs.within", function, json.dumps(arguments)))


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    module, _colon, function = sys.argv[1].partition(":")
    print(json.dumps(getattr(import_module(module), function)(**json.loads(sys.argv[2]))))


if __name__ == "__main__":
    main()

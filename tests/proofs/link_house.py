"""What `links` walks through: one portal, what was laid out in it, and what was found so far."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from portal.benchmarks.servers import wait_until
from portal.benchmarks.stack import Stack
from tests.fakes.mail import Mail, MailServer
from tests.proofs import within
from tests.proofs.linked import MAIN

INSIDE = "tests.proofs.linked"
LINK = re.compile(r"https://[^/\s]+(/l/[^/\s\"]+/)")
DIGITS = re.compile(r"^ +(\d{6})\s*$", re.MULTILINE)
CODE = "Your code"


@dataclass
class House:
    """One portal, what was laid out in it, and all secrets seen on the way."""

    stack: Stack
    mail: MailServer
    laid: dict[str, Any]
    chance: Random
    rows: dict[str, str] = field(default_factory=dict)
    read: int = 0
    secrets: list[str] = field(default_factory=list)
    digits: list[str] = field(default_factory=list)

    @property
    def page(self) -> str:
        """The address of the booking's page."""
        return f"/d/{self.laid['ref']}/"

    def look(self, function: str, **values: Any) -> Any:
        """Look at what is kept, with the portal's own settings."""
        return within.call(self.stack, f"{INSIDE}:{function}", **values)

    def facts(self) -> dict[str, Any]:
        """What is kept of the delivery."""
        return dict(self.look("of_delivery", ref=self.laid["ref"]))

    @contextmanager
    def mailing(self) -> Iterator[None]:
        """Let the worker send what is due meanwhile. Else it rests: its work would be in what is compared."""
        self.stack.start_worker()
        try:
            yield
        finally:
            self.stack.worker.end()

    def next_mail(self, about: str) -> Mail:
        """Wait for the customer's next mail whose subject begins so; note the secrets in it."""

        def new() -> list[Mail]:
            return [mail for mail in self.mail.to(MAIN)[self.read :] if mail.subject.startswith(about)]

        wait_until(lambda: bool(new()), seconds=30, what=f"a mail: {about}")
        mail = new()[0]
        self.read = self.mail.to(MAIN).index(mail) + 1
        self.secrets += [link.split("/")[2] for link in LINK.findall(mail.text)]
        self.digits += DIGITS.findall(mail.text) if about == CODE else []
        return mail


@dataclass
class Found:
    """What one database came to: figures to say, and whether each thing that was asked holds."""

    figures: list[str] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)

    def note(self, figure: str, **checks: bool) -> None:
        """Add one part's figures and checks; a check made twice must hold both times."""
        self.figures += [figure] if figure else []
        for name, holds in checks.items():
            self.checks[name] = self.checks.get(name, True) and holds

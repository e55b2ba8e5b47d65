"""A real SMTP server which keeps what it is given, and can refuse on cue."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Mail:
    """One mail as it arrived."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    at: float = field(default_factory=time.time)

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The plain text part."""
        body = self.message.get_body(("plain",))
        return body.get_content() if body else ""

    @property
    def html(self) -> str:
        """The HTML part, empty where there is none."""
        body = self.message.get_body(("html",))
        return body.get_content() if body else ""

    @property
    def attachments(self) -> dict[str, bytes]:
        """What is attached, by file name."""
        parts = self.message.iter_attachments()
        return {part.get_filename() or "": part.get_payload(decode=True) or b"" for part in parts}


@dataclass
class MailServer:
    """`mails` in order of arrival; the next `refusals` mails are turned away for now (451), and those that
    `refuse` decides about.

    It takes its time: `answer_after_s` passes between keeping a mail and saying so.
    """

    host: str
    port: int
    mails: list[Mail] = field(default_factory=list)
    refusals: int = 0
    refused: int = 0
    refuse: Callable[[], bool] = lambda: False
    answer_after_s: float = 0

    def to(self, address: str) -> list[Mail]:
        """Every mail to `address`, oldest first."""
        return [mail for mail in self.mails if address in mail.recipients]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail; aiosmtpd calls this by its name."""
        if self.refusals > 0 or self.refuse():
            self.refusals -= self.refusals > 0
            self.refused += 1
            return "451 Busy, please come back"
        message: Any = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message))
        if self.answer_after_s:
            await asyncio.sleep(self.answer_after_s)
        return "250 Taken"


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def start_mail_server() -> tuple[MailServer, Controller]:
    """Start one; `controller.stop()` ends it."""
    server = MailServer("127.0.0.1", free_port())
    controller = Controller(server, hostname=server.host, port=server.port)
    controller.start()
    return server, controller

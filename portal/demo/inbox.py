"""Reads the mails which Django's file backend wrote, as a mail program would show them."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

NAME = re.compile(r"[\w.-]+\.log")
END = b"\n" + b"-" * 79 + b"\n"  # Django's file backend puts it below each mail; we send one at a time


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: `name` is its file. `html` is "" where it has text only."""

    name: str
    subject: str
    to: str
    sender: str
    sent_at: datetime
    text: str
    html: str
    files: tuple[str, ...]


def mails(folder: Path) -> list[Mail]:
    """Every mail, newest first."""
    found = [mail for file in folder.glob("*.log") if (mail := read(file))]
    return sorted(found, key=lambda mail: (mail.sent_at, mail.name), reverse=True)


def mail_named(folder: Path, name: str) -> Mail | None:
    """One mail by the name of its file; None if there is none, or the name is no such name."""
    return read(folder / name) if NAME.fullmatch(name) else None


def read(file: Path) -> Mail | None:
    """The mail in a file, None if it is not written yet."""
    message = _message(file)
    if message is None or not message["Date"]:
        return None
    return Mail(
        name=file.name,
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        sender=str(message["From"] or ""),
        sent_at=parsedate_to_datetime(str(message["Date"])),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        files=tuple(part.get_filename() or "" for part in message.iter_attachments()),
    )


def attachment(folder: Path, name: str, number: int) -> tuple[str, str, bytes] | None:
    """File name, type and content of one attachment."""
    message = _message(folder / name) if NAME.fullmatch(name) else None
    parts = list(message.iter_attachments()) if message else []
    if number >= len(parts):
        return None
    content = parts[number].get_payload(decode=True)
    return parts[number].get_filename() or "file", parts[number].get_content_type(), bytes(content or b"")


def _message(file: Path) -> EmailMessage | None:
    try:
        raw = file.read_bytes()
    except OSError:
        return None
    return message_from_bytes(raw.removesuffix(END), policy=policy.default)


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body else ""

"""Reads the mails and SMS which Django's file backend wrote, as a mail program would show them."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

NAME = re.compile(r"([\w-]+\.log)\.(\d{1,4})")
SMS = "X-Doorstep-SMS"
"""What the demo's phones mark an SMS with."""
# Django's file backend puts a line below each mail. Two mails sent within a second may share a file.
BETWEEN = re.compile(rb"\n-{79}\n(?=Content-Type: |\Z)")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail or SMS: `name` is its file and its place there. `html` is "" where it has text only."""

    name: str
    subject: str
    to: str
    sender: str
    sent_at: datetime
    text: str
    html: str
    files: tuple[str, ...]
    sms: bool = False


def mails(folder: Path) -> list[Mail]:
    """Every mail, newest first."""
    found = [
        mail
        for file in folder.glob("*.log")
        for number, message in enumerate(_messages(file))
        if (mail := _mail(f"{file.name}.{number}", message))
    ]
    return sorted(found, key=lambda mail: (mail.sent_at, mail.name), reverse=True)


def mail_named(folder: Path, name: str) -> Mail | None:
    """One mail by its name; None if there is none, or the name is no such name."""
    message = _message(folder, name)
    return _mail(name, message) if message else None


def attachment(folder: Path, name: str, number: int) -> tuple[str, str, bytes] | None:
    """File name, type and content of one attachment."""
    message = _message(folder, name)
    parts = list(message.iter_attachments()) if message else []
    if number >= len(parts):
        return None
    content = parts[number].get_payload(decode=True)
    return parts[number].get_filename() or "file", parts[number].get_content_type(), bytes(content or b"")


def _mail(name: str, message: EmailMessage) -> Mail | None:
    if not message["Date"]:  # not written to its end yet
        return None
    return Mail(
        name=name,
        subject=str(message["Subject"] or ""),
        to=str(message["To"] or ""),
        sender=str(message["From"] or ""),
        sent_at=parsedate_to_datetime(str(message["Date"])),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        files=tuple(part.get_filename() or "" for part in message.iter_attachments()),
        sms=bool(message[SMS]),
    )


def _message(folder: Path, name: str) -> EmailMessage | None:
    found = NAME.fullmatch(name)
    messages = _messages(folder / found[1]) if found else []
    number = int(found[2]) if found else 0
    return messages[number] if number < len(messages) else None


def _messages(file: Path) -> list[EmailMessage]:
    try:
        raw = file.read_bytes()
    except OSError:
        return []
    mails = [part for part in BETWEEN.split(raw) if part.strip()]
    return [message_from_bytes(mail, policy=policy.default) for mail in mails]


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body else ""

"""No token or device's key reaches a log: whatever wrote a line with one in it, that is taken out.

A record factory, not a filter: filters sit on single loggers and handlers, and Django's development server,
gunicorn and Celery each bring their own. Proxies in front write their own logs: see docs/operations.md.
"""

import logging
import re
from typing import Any, Final

TOKEN: Final = re.compile(r"(/(?:l|unsubscribe)/)[^/\s\"'?]{8,}")
DEVICE: Final = re.compile(r"([?&](?:id|deviceid|device_id)=)[^&\s\"']+", re.IGNORECASE)


def redact(text: str) -> str:
    """Return `text` with the token of every `/l/<token>/` and what names a device in a query taken out."""
    return DEVICE.sub(r"\1[key]", TOKEN.sub(r"\1[token]", text))


def install() -> None:
    """Redact every log record of this process from now on."""
    make_record = logging.getLogRecordFactory()
    if getattr(make_record, "redacts", False):
        return

    def make_redacted(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        _redact_record(record)
        return record

    make_redacted.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_redacted)


def _redact_record(record: logging.LogRecord) -> None:
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):  # a bad logging call: logging itself says so when it is handled
        return
    if TOKEN.search(message) or DEVICE.search(message):
        record.msg, record.args = redact(message), ()

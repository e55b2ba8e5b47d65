"""How a log line looks, and which request it belongs to.

Everything logs with the standard library; this gives all of it one shape: a JSON object a line in production,
text a person reads elsewhere. What is bound here (the request's id, the task's) stands in every line written
meanwhile, and no line holds a token, whatever wrote it (portal/redaction.py).
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_hex
from typing import Any, Final

import structlog
from django.conf import settings
from django.http import HttpRequest
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.typing import Processor

from portal.redaction import redact

GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
EXTRAS: Final = ("method", "route", "status", "ms", "queries", "db_ms")

SHAPE: Final[list[Processor]] = [
    merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(allow=EXTRAS),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
FOR_MACHINES: Final[list[Processor]] = [
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(ensure_ascii=False),
]
FOR_PEOPLE: Final[list[Processor]] = [
    structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
]


class Formatter(structlog.stdlib.ProcessorFormatter):
    """One line a record, tracebacks included where a machine reads it; tokens taken out of all of it."""

    def __init__(self, *, for_machines: bool) -> None:
        last = FOR_MACHINES if for_machines else FOR_PEOPLE
        clean = structlog.stdlib.ProcessorFormatter.remove_processors_meta
        super().__init__(processors=[clean, *last], foreign_pre_chain=SHAPE)

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def request_id_of(request: HttpRequest) -> str:
    """Return the id that our own proxy gave this request, where it is well-formed; else a new one."""
    given: str = request.META.get("HTTP_X_REQUEST_ID", "")
    if settings.TRUSTED_PROXY_HOPS and GIVEN_ID.fullmatch(given):
        return given
    return token_hex(8)


@contextmanager
def bound(**values: Any) -> Iterator[None]:
    """Put these values into every line that this thread writes inside the block."""
    with bound_contextvars(**values):
        yield

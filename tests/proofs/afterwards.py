"""What the rows and the mails say when the storm is over. The rows are read by processes of their own."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from portal.benchmarks.stack import Stack, running
from tests.fakes.mail import Mail, MailServer, start_mail_server
from tests.proofs.browsing import Traffic
from tests.proofs.ledger import Kept, Ledger, Verdict
from tests.proofs.run import Run

SHOP = ("-m", "tests.proofs.shop")


def open_shop(run: Run, stack: Stack) -> str:
    """Lay a shop out and start the web; return the merchant."""
    room = str(run.size(6, 3)), str(run.size(14, 5))
    merchant = json.loads(stack.run(*SHOP, "lay-out", *room))["merchant"]
    stack.start_web(seconds=60)
    return str(merchant)


@contextmanager
def mail_taken(*, answer_after_s: float = 0) -> Iterator[tuple[MailServer, str]]:
    """A mail server that takes so long to say that it has a mail, and its address."""
    server, controller = start_mail_server()
    server.answer_after_s = answer_after_s
    try:
        yield server, f"smtp://{server.host}:{server.port}"
    finally:
        controller.stop()


@contextmanager
def shop_and_mail(run: Run, *, answer_after_s: float = 0) -> Iterator[tuple[Stack, str, MailServer]]:
    """All processes, on PostgreSQL, with an open shop: the stack, the merchant, the mail server."""
    with (
        mail_taken(answer_after_s=answer_after_s) as (mail, mail_url),
        running(run.folder, database="postgres", mail_url=mail_url, forked=run.short) as stack,
    ):
        merchant = open_shop(run, stack)
        stack.start_worker()
        yield stack, merchant, mail


def breaches(stack: Stack) -> list[str]:
    """What check_invariants says, nothing where all holds."""
    said = stack.manage("check_invariants", check=False)
    return [] if "\n0 breaches" in said else [said[-600:] or "check_invariants broke off"]


@dataclass(frozen=True)
class Rows:
    """All that the database keeps."""

    breaches: list[str]
    kept: dict[str, Kept]
    effects: list[dict[str, Any]]


def look(run: Run, stack: Stack, *, wait_s: float = 180, somebody_died: bool = True) -> Rows:
    """Read the rows when no event and no mail waits any more. Raises TimeoutError.

    In the short form leases of who died are ended by hand, not after their time. Where nobody did there are
    none: whoever has a mail is slow, and would send it beside another.
    """
    hurry = ["hurry"] if run.short and somebody_died else []
    found = json.loads(stack.run(*SHOP, "look", str(wait_s), *hurry))
    if wait_s and found["waiting"]:
        said = stack.worker.said()[-1000:]
        raise TimeoutError(f"{found['waiting']} wait after {wait_s:.0f} s; the worker said {said}")
    return Rows(found["breaches"], Kept.read(found["kept"]), found["effects"])


@dataclass(frozen=True, slots=True)
class Way:
    """From an event to its first mail, in seconds of the wall's clock."""

    happened: float
    arrived: float
    interruptions: int

    def seconds(self, outages: Sequence[tuple[float, float]] = ()) -> float:
        """How long that took, but for the time in which nobody could have worked on it."""
        away = sum(max(0.0, min(until, self.arrived) - max(since, self.happened)) for since, until in outages)
        return self.arrived - self.happened - away


@dataclass(frozen=True)
class Effects:
    """What became of the events that people are told about: `faults` are sentences, the rest are counts."""

    events: int
    faults: list[str]
    mails: int
    repeated: int
    interrupted: int
    ways: "list[Way]"

    def longest_s(self, outages: Sequence[tuple[float, float]] = ()) -> float:
        """The longest way but for outages, for each interruption: each may cost as much again."""
        return max((way.seconds(outages) / max(1, way.interruptions) for way in self.ways), default=0.0)

    @classmethod
    def of(cls, rows: list[dict[str, Any]], mails: list[Mail], ledger: Ledger) -> "Effects":
        """Hold rows against the mails that arrived and what was acknowledged."""
        times = Counter(message_id(mail) for mail in mails)
        first_at = {message_id(mail): mail.at for mail in reversed(mails)}
        known = {each["id"] for row in rows for each in row["messages"]}
        told = {f"order {row['order']}" for row in rows if row["kind"] == "booking.confirmed"}
        faults = [fault for row in rows if (fault := fault_of(row, times))]
        faults += [f"{order}: acknowledged, and no event" for order in ledger.booked() if order not in told]
        faults += [f"{unknown}: a mail that no message stands for" for unknown in times.keys() - known]
        return cls(
            events=len(rows),
            faults=faults,
            mails=len(mails),
            repeated=len(mails) - len(times),
            interrupted=sum(map(interruptions, rows)),
            ways=[
                Way(row["at"], first_at[each["id"]], interruptions(row))
                for row in rows
                for each in row["messages"]
                if each["id"] in first_at
            ],
        )


def message_id(mail: Mail) -> str:
    return str(mail.message["Message-ID"])


def fault_of(row: Mapping[str, Any], times: Mapping[str, int]) -> str:
    """What is wrong with one event: not one receipt and one message, sent, that arrived as often as tried."""
    messages = row["messages"]
    once = (
        row["relayed"]
        and row["receipts"] == row["entries"] == 1
        and [each["state"] for each in messages] == ["sent"]
    )
    if once and all(1 <= times[each["id"]] <= each["sends"] for each in messages):
        return ""
    arrived = [times[each["id"]] for each in messages]
    return f"{row['kind']} {row['order']}: {row['receipts']} receipts, {messages}, arrived {arrived} times"


def interruptions(row: Mapping[str, Any]) -> int:
    """How often whoever had claimed an event or its mail did not finish."""
    return int(row["relays"] - 1 + sum(each["sends"] - 1 for each in row["messages"]))


def said_of(traffic: Traffic, verdict: Verdict) -> str:
    """The figures of a crowd's changes."""
    apologies = sum(times for status, times in traffic.statuses().items() if status >= 500)
    return (
        f"{verdict.acknowledged} changes acknowledged, {len(verdict.lost)} lost, "
        f"{len(verdict.twice)} done twice; {verdict.in_doubt} in doubt, of which {verdict.unacknowledged} "
        f"had been committed; {apologies} error pages, {len(traffic.strange)} strange answers"
    )

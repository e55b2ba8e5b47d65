"""What the rows and the mails say when the storm is over. The rows are read by processes of their own."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from portal.benchmarks.servers import wait_until
from portal.benchmarks.stack import Stack
from tests.fakes.mail import Mail, MailServer, start_mail_server
from tests.proofs.browsing import Traffic
from tests.proofs.ledger import Kept, Ledger, Verdict
from tests.proofs.run import Run

VANS = 6
SHOP = ("-m", "tests.proofs.shop")


def open_shop(stack: Stack) -> str:
    """Lay a shop out and start the web; return the merchant."""
    merchant = json.loads(stack.python(*SHOP, "lay-out", str(VANS)))["merchant"]
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


def breaches(stack: Stack) -> list[str]:
    """What check_invariants says, nothing where all holds."""
    said = stack.manage("check_invariants", check=False)
    return [] if "\n0 breaches" in said else [said[-600:] or "check_invariants broke off"]


def verdict_on(stack: Stack, ledger: Ledger) -> Verdict:
    """Hold a ledger against the rows."""
    return ledger.judge(Kept.read(json.loads(stack.python(*SHOP, "kept"))))


def wait_for_the_last_mails(run: Run, stack: Stack, *, seconds: float = 180) -> None:
    """Wait until no event and no mail waits. In the short form leases end by hand, not after their time."""
    if run.short:
        stack.python(*SHOP, "end-leases")
    try:
        wait_until(
            lambda: stack.python(*SHOP, "waiting").strip() == "0",
            seconds=seconds,
            what="the last mails",
            every_s=0.5,
        )
    except TimeoutError as error:
        raise TimeoutError(f"{error}; the worker said {stack.worker.said()[-1000:]}") from error


@dataclass(frozen=True)
class Effects:
    """What became of the events that people are told about: `faults` are sentences, the rest are counts."""

    events: int
    faults: list[str]
    mails: int
    repeated: int
    interrupted: int
    ways: list[tuple[float, float]]
    """When each event happened and when its first mail arrived, in seconds of the wall's clock."""
    longest_s: float
    """The longest way from an event to its mail, for each interruption: each may cost as much again."""

    @classmethod
    def read(cls, stack: Stack, mails: list[Mail], ledger: Ledger) -> "Effects":
        """Read the rows, and hold them against the mails and what was acknowledged."""
        rows = json.loads(stack.python(*SHOP, "effects"))
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
                (row["at"], first_at[each["id"]])
                for row in rows
                for each in row["messages"]
                if each["id"] in first_at
            ],
            longest_s=max((wait_s(row, first_at) for row in rows), default=0.0),
        )


def message_id(mail: Mail) -> str:
    return str(mail.message["Message-ID"])


def fault_of(row: Mapping[str, Any], times: Mapping[str, int]) -> str:
    """What is wrong with one event: not one receipt and one message, sent, that arrived as often as tried."""
    messages = row["messages"]
    once = row["relayed"] and row["receipts"] == 1 and [each["state"] for each in messages] == ["sent"]
    if once and all(1 <= times[each["id"]] <= each["sends"] for each in messages):
        return ""
    arrived = [times[each["id"]] for each in messages]
    return f"{row['kind']} {row['order']}: {row['receipts']} receipts, {messages}, arrived {arrived} times"


def interruptions(row: Mapping[str, Any]) -> int:
    """How often whoever had claimed an event or its mail did not finish."""
    return int(row["relays"] - 1 + sum(each["sends"] - 1 for each in row["messages"]))


def wait_s(row: Mapping[str, Any], first_at: Mapping[str, float]) -> float:
    """How long an event's mail took, by interruption."""
    arrived = [first_at[each["id"]] for each in row["messages"] if each["id"] in first_at]
    return float(max(arrived, default=row["at"]) - row["at"]) / max(1, interruptions(row))


def said_of(traffic: Traffic, verdict: Verdict) -> str:
    """The figures of a crowd's changes."""
    apologies = sum(times for status, times in traffic.statuses().items() if status >= 500)
    return (
        f"{verdict.acknowledged} changes acknowledged, {len(verdict.lost)} lost, "
        f"{len(verdict.twice)} done twice; {verdict.in_doubt} in doubt, of which {verdict.unacknowledged} "
        f"had been committed; {apologies} error pages, {len(traffic.strange)} strange answers"
    )

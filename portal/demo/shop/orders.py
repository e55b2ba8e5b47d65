"""What the shop keeps: its orders, and what it was told of their deliveries. Yours belongs in your database.

A message may come twice, and an older one after a newer. So what is told is kept as it came, each message
once, and how a delivery stands is what its event with the highest `sequence` says.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS placed (number TEXT PRIMARY KEY, cart TEXT NOT NULL, booked TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS told (
    webhook_id TEXT PRIMARY KEY, delivery TEXT NOT NULL, sequence INTEGER NOT NULL, event TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS told_by_delivery ON told (delivery, sequence);
"""


@dataclass(frozen=True)
class Order:
    """An order: what Doorstep answered when it was booked, and all that it told since, the latest first."""

    number: str
    booked: dict[str, Any]
    told: list[dict[str, Any]]


@dataclass(frozen=True)
class Orders:
    """The shop's orders, in one file."""

    file: Path

    def __post_init__(self) -> None:
        with self._open() as db:
            db.executescript(SCHEMA)

    def place(self, number: str, *, cart: str, booked: Mapping[str, Any]) -> None:
        """Keep an order that was booked from a cart; once, also if its button was pressed twice."""
        with self._open() as db:
            db.execute("INSERT OR IGNORE INTO placed VALUES (?, ?, ?)", (number, cart, json.dumps(booked)))

    def tell(self, webhook_id: str, event: Mapping[str, Any]) -> bool:
        """Keep what happened to a delivery; return whether that was new.

        What must be done once, such as a mail of your own, is done in this transaction, where it was new. The
        order itself may not be here yet: a message can be quicker than the answer to the booking.
        """
        row = webhook_id, event["delivery"], event["sequence"], json.dumps(event)
        with self._open() as db:
            return db.execute("INSERT OR IGNORE INTO told VALUES (?, ?, ?, ?)", row).rowcount == 1

    def of(self, cart: str, number: str) -> Order | None:
        """Return an order to the browser it was placed with, None to any other: numbers can be guessed."""
        with self._open() as db:
            found = db.execute(
                "SELECT booked FROM placed WHERE number = ? AND cart = ?", (number, cart)
            ).fetchone()
            if found is None:
                return None
            booked = json.loads(found[0])
            told = db.execute(
                "SELECT event FROM told WHERE delivery = ? ORDER BY sequence DESC", (booked["ref"],)
            )
            return Order(number, booked, [json.loads(event) for (event,) in told])

    def forget(self) -> None:
        """Forget everything."""
        with self._open() as db:
            db.execute("DELETE FROM placed")
            db.execute("DELETE FROM told")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One connection, one transaction: all of the block becomes certain, or nothing."""
        with closing(sqlite3.connect(self.file, timeout=5)) as db, db:
            yield db

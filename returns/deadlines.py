"""The law's own days: until when one may withdraw, and by when the money is to be back. Pure.

Directive 2011/83/EU, articles 9, 13 and 14 (14 days from the day on which the goods came; the money within 14
days of the statement, but a trader who has not offered to collect the goods may wait for them, or for proof
that they were sent); article 11a, put in by Directive (EU) 2023/2673 (a function to withdraw, in two steps).
"""

from datetime import date, datetime, timedelta
from typing import Final

DAYS: Final = 14
MONEY_WITHIN: Final = timedelta(days=14)
REMINDED_BEFORE: Final = timedelta(days=3)


def last_day(delivered: date) -> date:
    """Return the last day on which one may withdraw from what came on a day; that day does not count."""
    return delivered + timedelta(days=DAYS)


def refund_due(stated_at: datetime, *, collection_offered: bool, sent_at: datetime | None) -> datetime | None:
    """Return by when the money is to be back; None while a trader who does not collect may still wait."""
    due = stated_at + MONEY_WITHIN
    if collection_offered:
        return due
    return max(due, sent_at) if sent_at else None

"""What is not as it must be, and questions that find it: rows that are never there."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from scheduling.statements import Statement


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that must not be: which rule, on which row, in words for the operator."""

    rule: str
    subject: str
    what: str


@dataclass(frozen=True, slots=True)
class Never:
    """Rows that must not be there: which rule they break, what they are, and in what way.

    `what` has a `{}` for each column after the first, which tells the row.
    """

    rule: str
    subject: str
    what: str
    query: Statement

    def breaches(self) -> Iterator[Breach]:
        """Yield one for each row there is. One query."""
        for raw in self.query.rows():
            which, *more = self.query.values_of(raw)
            yield Breach(self.rule, f"{self.subject} {which}", self.what.format(*more))


def never(rule: str, subject: str, what: str, query: Callable[[], QuerySet[Any]], *columns: str) -> Never:
    """Return a rule that the rows of a query break; the first of `columns`, else their key, tells them."""
    return Never(rule, subject, what, Statement(lambda: query().values_list(*columns or ("pk",))))


def breaches_of(rules: Iterable[Never]) -> Iterator[Breach]:
    """Yield every row that must not be there."""
    for rule in rules:
        yield from rule.breaches()

"""Statements that are asked again and again: compiled once in a process, rows taken as the driver gives them.

Django takes longer to write such a statement, and to make instances of its rows, than a database to answer
it. What was made of a row depends on nothing but the row; so whoever keeps a row as it came, and finds the
same row again, has what is made of it already.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Model, QuerySet, TextField
from django.db.models.functions import Cast
from django.db.models.query import RelatedPopulator, get_related_populators

Raw = tuple[Any, ...]
"""A row as a database's driver gives it: one and the same value may look different on another database."""

Row = TypeVar("Row", bound=Model)
Stand = int | date | str | UUID

NUMBER: Final = 1_717_986_918_273
"""Stands for a number while a statement is compiled. No query of ours holds it."""

MOST_INSTANTS: Final = 4_096


@dataclass(frozen=True, slots=True)
class _Compiled:
    """SQL for one kind of database.

    `order` says which value goes where, None where it is in `params`; `meant` what the values of some
    columns mean that come in another form.
    """

    sql: str
    params: tuple[Any, ...]
    order: tuple[int | None, ...]
    meant: tuple[tuple[int, Callable[[Any], Any]], ...]


class Statement:
    """A query by `values_list` that is the same every time but for a few values."""

    def __init__(self, query: Callable[..., QuerySet[Any, Any]], *stand_ins: Stand) -> None:
        """Keep the query; `stand_ins` are what it is called with when compiled, each unlike the rest."""
        self._query, self._stand_ins = query, stand_ins
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, *values: Stand) -> list[Raw]:
        """Return its rows for some values. One query."""
        compiled = self._for_this_database()
        pairs = zip(compiled.order, compiled.params, strict=True)
        params = [param if at is None else _given(values[at]) for at, param in pairs]
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, params)
            rows: list[Raw] = cursor.fetchall()
            return rows

    def value(self, *values: Stand) -> Any:
        """Return the first column of the first row, None where there is none. One query."""
        found = self.rows(*values)
        return self.values_of(found[0])[0] if found else None

    def values_of(self, raw: Raw) -> list[Any]:
        """Return a row's values as the fields of its models mean them."""
        values = list(raw)
        for at, meaning in self._for_this_database().meant:
            if values[at] is not None:
                values[at] = meaning(values[at])
        return values

    def _for_this_database(self) -> _Compiled:
        found = self._compiled.get(connection.vendor)
        if found is None:  # two threads at worst compile the same
            found = self._compiled[connection.vendor] = self._compile()
        return found

    def _compiler(self) -> Any:
        return self._query(*self._stand_ins).query.get_compiler(connection=connection)

    def _compile(self) -> _Compiled:
        compiler = self._compiler()
        sql, params = compiler.as_sql()
        known = {_in_words(stand_in): at for at, stand_in in enumerate(self._stand_ins)}
        order = tuple(known.get(_in_words(param)) for param in params)
        if not set(known.values()) <= set(order):
            raise ValueError(f"a value is not asked for as it is given: {sql}")
        converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])
        meant = tuple((at, _meaning(*found)) for at, found in converters.items())
        return _Compiled(sql, tuple(params), order, meant)


def _given(value: Stand) -> Stand:
    """Return a value as its database is given it: without a kind of its own for UUIDs, their digits."""
    if isinstance(value, UUID) and not connection.features.has_native_uuid_field:
        return value.hex
    return value


def _in_words(value: Any) -> str:
    """Return a value as its database is given it: a UUID has dashes on one, and none on the other."""
    return str(value).replace("-", "")


def _meaning(converters: Sequence[Callable[..., Any]], column: Any) -> Callable[[Any], Any]:
    """Return what makes of a column's value what its field means."""

    def meaning(value: Any) -> Any:
        for convert in converters:
            value = convert(value, column, connection)
        return value

    # Stops have few windows, and hundreds of them the same.
    return lru_cache(MOST_INSTANTS)(meaning) if isinstance(column, Instant) else meaning


class Instant(Cast):
    """A column with an instant, fetched as text: drivers take longer to read it than to fetch it."""

    def __init__(self, name: str) -> None:
        super().__init__(name, TextField())

    def get_db_converters(self, connection: Any) -> list[Callable[..., datetime]]:
        """Return what reads it, once it has to be read."""
        return [_read_instant]


def _read_instant(text: str, _column: Any, connection: Any) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=connection.timezone) if at.tzinfo is None else at


def as_fetched(*names: str) -> list[str | Instant]:
    """Return columns for `values_list`, instants among them as text: by our names they end in `_at`."""
    return [Instant(name) if name.endswith("_at") else name for name in names]


class Columns(Generic[Row]):
    """All columns of a model as `values_list` names them, with what leads there, and instances of them.

    All, so that whatever is read off an instance is in its row: two rows alike make the same.
    """

    def __init__(self, model: type[Row], path: str = "") -> None:
        self._model = model
        self._names = [field.attname for field in model._meta.concrete_fields]
        self.names = [path + name for name in self._names]

    def __len__(self) -> int:
        return len(self.names)

    def instance(self, values: Sequence[Any]) -> Row:
        """Return the row whose values these are, as a query would."""
        return self._model.from_db(connection.alias, self._names, values)


def instances_of(values: Sequence[Any], *columns: Columns[Any]) -> list[Any]:
    """Return the rows of several models whose values lie one after another."""
    ends = list(accumulate(map(len, columns), initial=0))
    return [
        column.instance(values[start:end])
        for column, start, end in zip(columns, ends, ends[1:], strict=False)
    ]


@dataclass(frozen=True, slots=True)
class _Maker:
    """How instances are made of a row's values: those of one model, and of what is related to each."""

    model: type[Any]
    names: list[str]
    columns: slice
    related: list[RelatedPopulator]


class Instances(Statement, Generic[Row]):
    """A query for instances, with what its `select_related` brings, that is the same but for a few values.

    No query that locks: whether it is in a transaction Django asks only while it writes a statement.
    """

    def __init__(self, query: Callable[..., QuerySet[Row]], *stand_ins: Stand) -> None:
        """Keep the query, as Statement does."""
        super().__init__(query, *stand_ins)
        self._makers: dict[str, _Maker] = {}

    def all(self, *values: Stand) -> list[Row]:
        """Return the instances for some values. One query."""
        maker = self._maker()
        return [self._made(maker, raw) for raw in self.rows(*values)]

    def first(self, *values: Stand) -> Row | None:
        """Return the first of them, None where there is none. One query."""
        maker, raws = self._maker(), self.rows(*values)
        return self._made(maker, raws[0]) if raws else None

    def get(self, *values: Stand) -> Row:
        """Return the only one. Raises what the model's own `get` does where there is none. One query."""
        found = self.first(*values)
        if found is None:
            raise self._maker().model.DoesNotExist
        return found

    def get_or(self, create: Callable[[], Row], *values: Stand) -> tuple[Row, bool]:
        """Return the first for some values, or what `create` makes for them, and whether it was made.

        Of two who make it at once, the later one gets what the earlier one made. Raises IntegrityError if
        it is something else that `create` breaks.
        """
        if (found := self.first(*values)) is not None:
            return found, False
        try:
            with transaction.atomic():
                return create(), True
        except IntegrityError:
            if (found := self.first(*values)) is None:
                raise
            return found, False

    def _made(self, maker: _Maker, raw: Raw) -> Row:
        values = self.values_of(raw)
        made: Row = maker.model.from_db(connection.alias, maker.names, values[maker.columns])
        for related in maker.related:
            related.populate(values, made)
        return made

    def _maker(self) -> _Maker:
        found = self._makers.get(connection.vendor)
        if found is None:
            found = self._makers[connection.vendor] = self._find_maker()
        return found

    def _find_maker(self) -> _Maker:
        compiler = self._compiler()
        compiler.pre_sql_setup()
        info, select = compiler.klass_info, compiler.select
        model, places = info["model"], info["select_fields"]
        names = [select[place][0].target.attname for place in places]
        related = get_related_populators(info, select, connection.alias)  # type: ignore[call-arg] # Django 6
        return _Maker(model, names, slice(places[0], places[-1] + 1), related)


Made = TypeVar("Made")


def made_of(
    raws: Sequence[Raw], before: Mapping[int, tuple[Raw, Made]], make: Callable[[Raw], Made]
) -> dict[int, tuple[Raw, Made]]:
    """Return what rows make, by their first column; `before` is what was made of them when last read.

    A row that is as it was is kept with what was made of it: the same object.
    """
    made: dict[int, tuple[Raw, Made]] = {}
    for raw in raws:
        known = before.get(raw[0])
        made[raw[0]] = known if known is not None and known[0] == raw else (raw, make(raw))
    return made

"""Rows and values as they are kept in the process and written again: what layouts.py copies.

Rows are tuples as the database's driver gives them, all columns of a table in the order of its model. Values
are bytes, in which rows that are there already (`rows`) are named by their numbers.
"""

import io
import pickle
from collections.abc import Iterable, Iterator, Mapping
from datetime import time
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, models

Row = tuple[Any, ...]
Contents = Mapping[str, Mapping[Any, Row]]
"""Rows by table and primary key."""

AT_ONCE = 500  # values in a statement


def read_rows(table: str, before: Contents) -> dict[Any, Row]:
    """Return what is in a table by primary key; rows that are as before are the same objects."""
    place = _columns(table).index(_key_of(table))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_listed(table)} FROM {_quoted(table)}")
        found = {row[place]: tuple(map(_as_written, row)) for row in cursor.fetchall()}
    old = before.get(table, {})
    return {pk: old[pk] if old.get(pk) == row else row for pk, row in found.items()}


def _as_written(value: Any) -> Any:
    """SQLite's driver reads times of day, but writes none."""
    return str(value) if isinstance(value, time) and connection.vendor == "sqlite" else value


def gone_of(table: str, before: Contents, after: Contents) -> list[Any]:
    """Return the primary keys of rows that are no more, or not as they were."""
    return [pk for pk, row in before.get(table, {}).items() if after[table].get(pk) != row]


def new_of(table: str, before: Contents, after: Contents) -> list[Row]:
    """Return the rows that are new, or not as they were."""
    old = before.get(table, {})
    return [row for pk, row in after[table].items() if old.get(pk) != row]


def write_rows(removed: Iterable[tuple[str, list[Any]]], added: Iterable[tuple[str, list[Row]]]) -> None:
    """Take rows out by their keys, then put rows in. Foreign keys are checked later, on each database."""
    with connection.cursor() as cursor:
        for table, gone in removed:
            key = connection.ops.quote_name(_key_of(table))
            cursor.execute(f"DELETE FROM {_quoted(table)} WHERE {key} IN ({_marks(len(gone))})", gone)
        for table, new in added:
            wide = len(_columns(table))
            for some in _portions(new, max(1, AT_ONCE // wide)):
                marks = ", ".join([f"({_marks(wide)})"] * len(some))
                values = [value for row in some for value in row]
                cursor.execute(f"INSERT INTO {_quoted(table)} ({_listed(table)}) VALUES {marks}", values)


def _marks(count: int) -> str:
    return ", ".join(["%s"] * count)


def _portions(rows: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


class _Keeper(pickle.Pickler):
    def __init__(self, file: io.BytesIO, rows: Iterable[models.Model]) -> None:
        super().__init__(file)
        self.rows = {id(row): number for number, row in enumerate(rows)}

    def persistent_id(self, obj: Any) -> int | None:
        return self.rows.get(id(obj))


class _Loader(pickle.Unpickler):
    def __init__(self, left: bytes, rows: list[models.Model]) -> None:
        super().__init__(io.BytesIO(left))
        self.rows = rows

    def persistent_load(self, pid: Any) -> models.Model:
        return self.rows[pid]


def in_bytes(value: Any, rows: Iterable[models.Model] = ()) -> bytes | None:
    """Return a value in bytes, or nothing where it has something that cannot be kept."""
    file = io.BytesIO()
    try:
        _Keeper(file, rows).dump(value)
    except (pickle.PicklingError, TypeError, AttributeError):
        return None
    return file.getvalue()


def out_of_bytes(kept: bytes, rows: list[models.Model]) -> Any:
    """Return a value again."""
    return _Loader(kept, rows).load()


def rows_in(given: Any) -> list[models.Model]:
    """All rows that arguments are, or that those have loaded, each once and in one order."""
    found: dict[int, models.Model] = {}

    def look(value: Any) -> None:
        if isinstance(value, models.Model):
            if id(value) not in found:
                found[id(value)] = value
                look(value._state.fields_cache)
        elif isinstance(value, Mapping):
            for each in value.values():
                look(each)
        elif isinstance(value, list | tuple):
            for each in value:
                look(each)

    look(given)
    return list(found.values())


@cache
def tables() -> dict[str, type[models.Model]]:
    """Return the model of each table."""
    return {each._meta.db_table: each for each in apps.get_models(include_auto_created=True)}


@cache
def _columns(table: str) -> list[str]:
    return [each.column for each in tables()[table]._meta.concrete_fields]


@cache
def _key_of(table: str) -> str:
    return str(tables()[table]._meta.pk.column)


def _quoted(table: str) -> str:
    return connection.ops.quote_name(table)


@cache
def _listed(table: str) -> str:
    return ", ".join(connection.ops.quote_name(name) for name in _columns(table))

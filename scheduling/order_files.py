"""Orders out of a CSV file, one line for each thing bought: read order by order, nothing written."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from scheduling.bought import (
    MOST_ITEMS,
    MOST_MINOR,
    MOST_PAYMENTS,
    MOST_QUANTITY,
    ItemBought,
    OrderBought,
    Paid,
    decimals_of,
)
from scheduling.errors import BadFile
from scheduling.facts import MOST_G, Contact
from scheduling.text_files import codec_of, delimiter_of, filled

MOST_BYTES: Final = 32 * 1024 * 1024
MOST_LINES: Final = 200_000
COLUMNS: Final = {
    "order": 64,
    "placed_at": 40,
    "currency": 3,
    "email": 254,
    "name": 120,
    "phone": 40,
    "sku": 80,
    "item": 200,
    "price": 20,
    "quantity": 9,
    "tax": 20,
    "discount": 20,
    "category": 120,
    "tags": 400,
    "weight_g": 9,
    "size": 60,
    "final_sale": 5,
    "serial_number": 120,
    "image_url": 400,
    "payment": 120,
    "paid": 20,
}
"""Every column that we read, and how many letters it may have at most."""
NEEDED: Final = ("order", "email", "sku", "item", "price")
OF_ORDER: Final = ("placed_at", "currency", "email", "name", "phone")
"""What is the same on all lines of an order, or stands on its first alone."""
MOST_TAGS: Final = 20
AMOUNT: Final = re.compile(r"([0-9]{1,10})(?:[.,]([0-9]{1,4}))?")
SCALES: Final = (1, 10, 100, 1_000)
WHOLE: Final = re.compile("[0-9]{1,9}")
CURRENCY: Final = re.compile("[A-Z]{3}")
YES: Final = {"": False, "yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BadOrderLine:
    """Why a line can't be taken. The reason never repeats what was written: it may be somebody's."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class OrderRead:
    """An order of a file, on its lines from `line` to `last_line`. With any `bad` there is no `bought`."""

    line: int
    last_line: int
    number: str
    bought: OrderBought | None
    contact: Contact
    bad: tuple[BadOrderLine, ...] = ()


@dataclass(slots=True)
class _Gathered:
    """An order while its lines are read."""

    line: int
    number: str
    last_line: int = 0
    first: Row = field(default_factory=dict)
    items: list[ItemBought] = field(default_factory=list)
    payments: dict[str, Paid] = field(default_factory=dict)
    bad: list[BadOrderLine] = field(default_factory=list)
    placed_at: datetime | None = None
    currency: str = ""
    contact: Contact = field(default_factory=lambda: Contact(email=""))


class _Unread(Exception):
    """A value that can't be read; the message says why."""


def require_orders(content: bytes) -> str:
    """Return the name of a file's encoding. Raises BadFile where it can't be read as orders at all."""
    if len(content) > MOST_BYTES:
        raise BadFile(_("The file is larger than %(most)d MB.") % {"most": MOST_BYTES // (1024 * 1024)})
    _reader, _names = _opened(content)
    return codec_of(content)[1]


def orders_in(content: bytes, *, currency: str) -> Iterator[OrderRead]:
    """Yield a file's orders, one at a time; `currency` is that of orders which name none. Raises BadFile."""
    reader, names = _opened(content)
    present: _Gathered | None = None
    seen: dict[str, int] = {}
    count = 0
    try:
        for line, values in filled(reader):
            line += 1  # the reader never saw the first one
            count += 1
            if count > MOST_LINES:
                raise BadFile(
                    _("The file has more than %(most)d lines. Part it, and bring the parts one by one.")
                    % {"most": MOST_LINES}
                )
            row = {name: " ".join(value.split()) for name, value in zip(names, values, strict=False) if name}
            number = row.get("order", "")
            if present is None or number != present.number:
                if present is not None:
                    yield _whole(present)
                present = _begun(row, line, number, seen, currency)
            present.last_line = line
            _add(present, row, line, too_many=any(map(str.strip, values[len(names) :])))
    except csv.Error as error:
        known = {"line": reader.line_num + 1}
        raise BadFile(_("Line %(line)d is no CSV: a quotation mark may be open.") % known) from error
    except UnicodeError as error:
        raise BadFile(_("We can’t read this file. Save it as CSV in UTF-8, and try again.")) from error
    if present is None:
        raise BadFile(_("The file has no orders in it."))
    yield _whole(present)


def _opened(content: bytes) -> tuple[Any, list[str]]:
    """Return a reader before the first order, and what each column is: "" for one we don't read."""
    codec, _name = codec_of(content)
    text = io.TextIOWrapper(io.BytesIO(content), encoding=codec, newline="")
    try:
        first = text.readline(100_000)
        reader = csv.reader(text, delimiter=delimiter_of(first), strict=True)
        head = next(csv.reader([first], delimiter=delimiter_of(first), strict=True), [])
    except (UnicodeError, csv.Error) as error:
        raise BadFile(_("We can’t read this file. Save it as CSV in UTF-8, and try again.")) from error
    names = [name.strip().strip("\ufeff").casefold().replace(" ", "_") for name in head]
    if missing := [name for name in NEEDED if name not in names]:
        raise BadFile(
            _("The first line must name the columns. These are missing: %(names)s.")
            % {"names": ", ".join(missing)}
        )
    known = [name if name in COLUMNS else "" for name in names]
    if len(set(known) - {""}) < len([name for name in known if name]):
        raise BadFile(_("The first line names a column twice."))
    return reader, known


def _begun(row: Row, line: int, number: str, seen: dict[str, int], currency: str) -> _Gathered:
    """Begin an order with its first line: whose it is, in which currency, when it was placed."""
    order = _Gathered(line=line, number=number, first=row)
    try:
        if not number:
            raise _Unread(_("order is missing."))
        if "/" in number:
            raise _Unread(_("order has a slash in it, which no order’s address can have."))
        if number in seen:
            known = {"line": seen[number]}
            raise _Unread(_("This order began in line %(line)d: put all its lines together.") % known)
        seen[number] = line
        order.currency = row.get("currency", "") or currency
        if not CURRENCY.fullmatch(order.currency):
            raise _Unread(_("currency is written by three capital letters, such as EUR."))
        order.placed_at = _instant(row.get("placed_at", ""))
        order.contact = _contact(row)
    except _Unread as error:
        order.bad.append(BadOrderLine(line, str(error)))
    return order


def _add(order: _Gathered, row: Row, line: int, *, too_many: bool) -> None:
    """Read one line of an order: a thing that was bought, and maybe a payment."""
    try:
        if too_many:
            raise _Unread(_("This line has more columns than the first one."))
        _require_text(row)
        for name in OF_ORDER:
            if row.get(name) and row[name] != order.first.get(name):
                raise _Unread(_("%(name)s differs from the order’s first line.") % {"name": name})
        if len(order.items) == MOST_ITEMS:
            raise _Unread(_("An order has %(most)d lines at most.") % {"most": MOST_ITEMS})
        decimals = decimals_of(order.currency)
        order.items.append(_item(row, decimals))
        _pay(order, row, decimals)
    except _Unread as error:
        if not any(each.line == line for each in order.bad):
            order.bad.append(BadOrderLine(line, str(error)))


def _whole(order: _Gathered) -> OrderRead:
    bought = None
    if not order.bad:
        bought = OrderBought(
            number=order.number,
            currency=order.currency,
            items=tuple(order.items),
            payments=tuple(order.payments.values()),
            placed_at=order.placed_at,
        )
    return OrderRead(order.line, order.last_line, order.number, bought, order.contact, tuple(order.bad))


def _require_text(row: Row) -> None:
    for name, value in row.items():
        if len(value) > COLUMNS[name]:
            known = {"name": name, "most": COLUMNS[name]}
            raise _Unread(_("%(name)s is longer than %(most)d letters.") % known)
        if not value.isprintable():
            raise _Unread(_("%(name)s has signs in it that are no letters.") % {"name": name})


def _item(row: Row, decimals: int) -> ItemBought:
    for name in ("sku", "item"):
        if not row.get(name):
            raise _Unread(_("%(name)s is missing.") % {"name": name})
    price, tax = _minor(row, "price", decimals, needed=True), _minor(row, "tax", decimals)
    if tax > price:
        raise _Unread(_("tax is a part of price, never more."))
    weight = row.get("weight_g", "")
    return ItemBought(
        sku=row["sku"],
        name=row["item"],
        price_minor=price,
        tax_minor=tax,
        discount_minor=_minor(row, "discount", decimals),
        quantity=_whole_number(row, "quantity", least=1, most=MOST_QUANTITY) if row.get("quantity") else 1,
        category=row.get("category", ""),
        tags=_tags(row.get("tags", "")),
        weight_g=_whole_number(row, "weight_g", least=0, most=MOST_G) if weight else None,
        size=row.get("size", ""),
        final_sale=_yes(row.get("final_sale", "")),
        serial_number=row.get("serial_number", ""),
        image_url=_picture(row.get("image_url", "")),
    )


def _pay(order: _Gathered, row: Row, decimals: int) -> None:
    """Note a payment. A line may repeat one, word for word."""
    name = row.get("payment", "")
    if not name:
        if row.get("paid"):
            raise _Unread(_("paid says an amount, but payment is missing."))
        return
    paid = Paid(name, _minor(row, "paid", decimals, needed=True), order.currency)
    if order.payments.setdefault(name, paid) != paid:
        raise _Unread(_("paid differs from an earlier line of the same payment."))
    if len(order.payments) > MOST_PAYMENTS:
        raise _Unread(_("An order has %(most)d payments at most.") % {"most": MOST_PAYMENTS})


def _minor(row: Row, name: str, decimals: int, *, needed: bool = False) -> int:
    """Return an amount in minor units: 12.90 or 12,90 in a currency of two decimals is 1290."""
    text = row.get(name, "")
    if not text and not needed:
        return 0
    found = AMOUNT.fullmatch(text)
    whole, part = (found[1], (found[2] or "").rstrip("0")) if found else ("", "")
    if not found or len(part) > decimals:
        raise _Unread(_("%(name)s is no amount such as 12.90, without thousands’ marks.") % {"name": name})
    minor = int(whole) * SCALES[decimals] + int(part.ljust(decimals, "0") or 0)
    if minor > MOST_MINOR:
        raise _Unread(_("%(name)s is more than we can count.") % {"name": name})
    return minor


def _whole_number(row: Row, name: str, *, least: int, most: int) -> int:
    text = row[name]
    if not WHOLE.fullmatch(text) or not least <= int(text) <= most:
        known = {"name": name, "least": least, "most": most}
        raise _Unread(_("%(name)s must be a whole number from %(least)d to %(most)d.") % known)
    return int(text)


def _tags(text: str) -> tuple[str, ...]:
    tags = (
        tuple(dict.fromkeys(tag for part in re.split("[|,;]", text) if (tag := part.strip()))) if text else ()
    )
    if len(tags) > MOST_TAGS or any(len(tag) > 60 for tag in tags):
        raise _Unread(_("tags are %(most)d at most, of 60 letters, parted by |.") % {"most": MOST_TAGS})
    return tags


def _yes(text: str) -> bool:
    if text.casefold() not in YES:
        raise _Unread(_("final_sale is yes or no."))
    return YES[text.casefold()]


def _picture(text: str) -> str:
    try:
        parts = urlsplit(text) if text else None
        good = parts is None or (parts.scheme == "https" and bool(parts.hostname))
    except ValueError:
        good = False
    if not good:
        raise _Unread(_("image_url is a whole address that begins with https://."))
    return text


@lru_cache(maxsize=4096)
def _instant(text: str) -> datetime | None:
    """Return an instant; a day alone is its noon, which is that day nearly everywhere. No zone: UTC."""
    if not text:
        return None
    try:
        if len(text) == len("2026-11-03"):
            at = datetime.combine(date.fromisoformat(text), datetime.min.time().replace(hour=12))
        else:
            at = datetime.fromisoformat(text)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise _Unread(_("placed_at is a day or instant such as 2026-11-03 or 2026-11-03T14:30Z.")) from error
    if not 2000 <= at.year < 2200:
        raise _Unread(_("placed_at is no day of this time."))
    return at


def _contact(row: Row) -> Contact:
    email = row.get("email", "")
    if not email:
        raise _Unread(_("email is missing."))
    try:
        validate_email(email)
    except ValidationError as error:
        raise _Unread(_("email is no e-mail address.")) from error
    return Contact(email=email, name=row.get("name", ""), phone=_phone(row.get("phone", "")))


@lru_cache(maxsize=4096)
def _phone(text: str) -> str:
    if not text:
        return ""
    try:
        number = phonenumbers.parse(text)
        good = phonenumbers.is_valid_number(number)
    except phonenumbers.NumberParseException:
        good = False
    if not good:
        raise _Unread(_("phone is a number with its country, such as +358 40 123 4567."))
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

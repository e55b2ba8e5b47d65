"""Lists of orders as they come: encodings, delimiters, amounts, mistakes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.bought import ItemBought, Paid
from scheduling.errors import BadFile
from scheduling.facts import Contact
from scheduling.order_files import NEEDED, orders_in, require_orders

HEAD = "order,placed_at,email,name,phone,sku,item,price,quantity,tax,tags,weight_g,final_sale,payment,paid"
CUP = (
    "1001,2026-11-03,aino@example.com,Aino Ä,+358 40 123 4567,"
    "CUP,Käyrä cup,12.90,2,2.62,new|gift,350,no,pi_1,36.8"
)
COAT = "1001,,,,,COAT,Coat,11,,,,,yes,pi_1,36.80"


def read(text, currency="EUR", encoding="utf-8"):
    return list(orders_in(text.encode(encoding), currency=currency))


def reasons(*lines, head=HEAD):
    return [(bad.line, bad.reason) for order in read("\n".join((head, *lines))) for bad in order.bad]


def test_the_lines_of_an_order_are_one_order():
    (order,) = read(f"{HEAD}\n{CUP}\n\n{COAT}\n")

    assert order.contact == Contact("aino@example.com", "Aino Ä", "+358401234567")
    assert (order.line, order.last_line, order.bad) == (2, 4, ())
    assert order.bought.placed_at == datetime(2026, 11, 3, 12, tzinfo=UTC)
    assert order.bought.items == (
        ItemBought("CUP", "Käyrä cup", 1290, 2, 262, tags=("new", "gift"), weight_g=350),
        ItemBought("COAT", "Coat", 1100, final_sale=True),
    )
    assert order.bought.payments == (Paid("pi_1", 3680, "EUR"),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_list_is_read_in_whatever_encoding_it_was_saved(encoding):
    (order,) = read(f"{HEAD}\r\n{CUP}\r\n", encoding=encoding)

    assert order.bought.items[0].name == "Käyrä cup"


def test_semicolons_and_tabs_part_columns_too():
    for delimiter in ";\t":
        text = f"{HEAD}\n{CUP}".replace(",", delimiter)
        assert read(text)[0].bought.items[0].price_minor == 1290
    assert read("order;email;sku;item;price\n1;a@example.com;C;C;12,9")[0].bought.items[0].price_minor == 1290


@pytest.mark.parametrize(
    ("currency", "text", "minor"),
    [
        ("EUR", "0.1", 10),
        ("EUR", "12,900", 1290),
        ("JPY", "500.00", 500),
        ("KWD", "1.234", 1234),
        ("JPY", "7", 7),
    ],
)
def test_amounts_are_counted_in_the_currencys_own_units(currency, text, minor):
    order = read(f'order,email,sku,item,price\n1,a@example.com,C,C,"{text}"', currency)[0]

    assert (order.bought.currency, order.bought.items[0].price_minor) == (currency, minor)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("order", "", "order is missing"),
        ("order", "a/b", "slash"),
        ("order", "x" * 65, "longer than 64"),
        ("placed_at", "yesterday", "placed_at is a day"),
        ("placed_at", "1970-01-01", "no day of this time"),
        ("email", "", "email is missing"),
        ("email", "aino", "no e-mail"),
        ("phone", "040", "phone is a number"),
        ("sku", "", "sku is missing"),
        ("item", "a\x07b", "no letters"),
        ("price", "", "no amount"),
        ("price", "1.290,00", "no amount"),
        ("price", "12.999", "no amount"),
        ("price", "-1", "no amount"),
        ("price", "٣", "no amount"),
        ("price", "9999999999", "more than we can count"),
        ("quantity", "0", "from 1 to"),
        ("quantity", "1.5", "from 1 to"),
        ("tax", "12.91", "part of price"),
        ("tags", "|".join(map(str, range(21))), "tags are"),
        ("final_sale", "maybe", "yes or no"),
        ("payment", "", "payment is missing"),
        ("paid", "", "no amount"),
    ],
)
def test_each_bad_line_is_named_with_a_reason_that_repeats_nothing_of_it(column, value, says):
    names = HEAD.split(",")
    values = CUP.split(",")
    values[names.index(column)] = f'"{value}"'

    ((line, reason),) = reasons(",".join(values), "1002,2026-11-03,b@example.com,,,C,C,1,,,,,,,")

    assert line == 2
    assert says in reason
    assert "aino" not in reason


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ("1001,,other@example.com,,,C,C,1,,,,,,,", "email differs"),
        ("1001,,,,,C,C,1,,,,,,pi_1,1", "paid differs"),
        ("1001,,,,,C,C,1,,,,,,,,more", "more columns"),
    ],
)
def test_later_lines_fit_the_first(second, says):
    ((line, reason),) = reasons(CUP, second)

    assert (line, says in reason) == (3, True)


def test_an_orders_lines_stand_together():
    ((line, reason),) = reasons(CUP, CUP.replace("1001", "1002"), CUP)

    assert (line, reason) == (4, "This order began in line 2: put all its lines together.")


def test_what_is_no_list_of_orders_is_refused_as_a_whole():
    for content in (b"", b"a,b\n1,2", b"\xff\xfe\x00", b"\x00" * 90, b"order,order,email,sku,item,price"):
        with pytest.raises(BadFile):
            require_orders(content)
    for text in (HEAD, f'{HEAD}\n{CUP}\n"1002,open'):
        with pytest.raises(BadFile):
            read(text)


def test_formulas_are_words_like_any_other():
    (order,) = read('order,email,sku,item,price\n1,a@example.com,=1+1,"=HYPERLINK(""x"")",1')

    assert (order.bought.items[0].sku, order.bought.items[0].name) == ("=1+1", '=HYPERLINK("x")')


@given(st.binary(max_size=200), st.text(max_size=200))
def test_whatever_comes_is_read_or_refused(noise, text):
    for content in (noise, (",".join(NEEDED) + "\n").encode() + noise, f"{HEAD}\n{text}".encode("utf-16")):
        try:
            orders = list(orders_in(content, currency="EUR"))
        except BadFile:
            continue
        assert all((order.bought is None) == bool(order.bad) for order in orders)

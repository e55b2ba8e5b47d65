"""Orders that come by a list: all or none, each whole and once, however often and by whom it is worked on."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from scheduling import tasks
from scheduling.errors import BadFile
from scheduling.models import Order, OrderImport, OrderItem, OrderPayment
from scheduling.services import order_imports
from scheduling.services.order_imports import begin_import, claim_import, run_import
from tests.factories import NOW, make_booking, make_merchant, make_network, make_order

pytestmark = pytest.mark.django_db

HEAD = "order,email,sku,item,price,quantity,payment,paid"


def a_list(orders=3, lines=2, start=1):
    rows = [
        f"N{number},n{number}@example.com,S{line},Thing {line},12.90,1,pi_{number},{12.9 * lines:.2f}"
        for number in range(start, start + orders)
        for line in range(1, lines + 1)
    ]
    return "\n".join([HEAD, *rows]).encode()


def begun(merchant, content):
    return begin_import(merchant=merchant, content=content, name="orders.csv", actor="user:1", now=NOW)


def brought(merchant, content):
    row = begun(merchant, content)
    assert run_import(row.pk, now=NOW)
    row.refresh_from_db()
    return row


def counted():
    return Order.objects.count(), OrderItem.objects.count(), OrderPayment.objects.count()


def test_all_orders_of_a_list_come_in_and_the_list_is_let_go():
    row = brought(make_merchant(), a_list())

    assert (row.state, row.added, row.same, row.orders, row.lines_read) == ("done", 3, 0, 3, 6)
    assert (bytes(row.content), row.ended_at) == (b"", NOW)
    assert counted() == (3, 6, 3)
    order = Order.objects.get(number="N2")
    assert (order.contact_email, order.told_at, order.currency) == ("n2@example.com", NOW, "EUR")


def test_the_same_list_once_more_adds_nothing():
    shop = make_merchant()
    brought(shop, a_list())

    row = brought(shop, a_list(orders=4))

    assert (row.added, row.same) == (1, 3)
    assert counted() == (4, 8, 4)


def test_one_bad_line_and_nothing_comes_in():
    row = brought(make_merchant(), a_list() + b"\nN9,nobody,S,Thing,1,1,,")

    assert (row.state, row.bad_count, row.bad) == ("refused", 1, [[8, "email is no e-mail address."]])
    assert bytes(row.content) == b""
    assert counted() == (0, 0, 0)


def test_an_order_told_before_with_other_things_is_no_repetition():
    shop = make_merchant()
    brought(shop, a_list())

    row = brought(shop, a_list(lines=3))

    assert row.bad_count == 3
    assert row.bad[0] == [2, "This order was told before, with other things in it."]
    assert counted() == (3, 6, 3)


def test_a_number_that_a_delivery_brought_becomes_the_whole_order():
    booking = make_booking(make_network())
    shop, number = booking.delivery.merchant, booking.delivery.order.number

    row = brought(shop, f"{HEAD}\n{number},a@example.com,S,Thing,1,1,,".encode())

    assert row.added == 1
    booking.delivery.order.refresh_from_db()
    assert booking.delivery.order.items.get().sku == "S"


def test_another_shops_order_of_that_number_is_another_order():
    brought(make_merchant(), a_list())
    brought(make_merchant(), a_list())

    assert counted() == (6, 12, 6)


def test_who_was_erased_does_not_come_back_with_the_list():
    shop = make_merchant()
    brought(shop, a_list())
    Order.objects.update(contact_email="")
    OrderItem.objects.update(sku="erased", name="erased")

    row = brought(shop, a_list())

    assert (row.state, row.same) == ("done", 3)
    assert not Order.objects.exclude(contact_email="").exists()


def test_a_list_goes_on_where_it_stood(monkeypatch):
    monkeypatch.setattr(order_imports, "CHUNK", 2)
    row = begun(make_merchant(), a_list(orders=5))

    assert not run_import(row.pk, now=NOW, seconds=0)
    assert counted() == (2, 4, 2)
    while not run_import(row.pk, now=NOW, seconds=0.02):
        added, items, _payments = counted()
        assert items == 2 * added
    assert counted() == (5, 10, 5)


def test_who_comes_second_to_a_chunk_writes_nothing_twice(monkeypatch):
    monkeypatch.setattr(order_imports, "CHUNK", 1)
    row = begun(make_merchant(), a_list())
    take_in, once = order_imports._take_in, []

    def and_another(*args, **kwargs):
        if not once:
            once.append(1)
            run_import(row.pk, now=NOW)
        return take_in(*args, **kwargs)

    monkeypatch.setattr(order_imports, "_take_in", and_another)
    assert not run_import(row.pk, now=NOW)

    row.refresh_from_db()
    assert (row.state, row.added) == ("done", 3)
    assert counted() == (3, 6, 3)


def test_what_is_told_meanwhile_by_a_program_stays_as_it_was_told(monkeypatch):
    shop = make_merchant()
    row = begun(shop, a_list())
    read = order_imports._read

    def and_told(*args, **kwargs):
        read(*args, **kwargs)
        make_order(shop, number="N2")

    monkeypatch.setattr(order_imports, "_read", and_told)
    run_import(row.pk, now=NOW)

    row.refresh_from_db()
    assert (row.added, row.same) == (2, 1)
    assert {item.sku for item in Order.objects.get(number="N2").items.all()} == {"CUP", "COAT-M"}


def test_a_file_is_one_workers_for_two_minutes():
    row = begun(make_merchant(), a_list())

    assert claim_import(now=NOW) == row.pk
    assert claim_import(now=NOW) is None
    assert claim_import(now=NOW + timedelta(minutes=2)) == row.pk


def test_what_could_not_be_taken_in_for_a_day_is_let_go():
    row = begun(make_merchant(), a_list())

    assert claim_import(now=NOW + timedelta(days=1, seconds=1)) is None
    row.refresh_from_db()
    assert (row.state, bytes(row.content)) == ("refused", b"")


def test_the_worker_takes_in_what_waits(monkeypatch):
    monkeypatch.setattr(tasks.clock, "now", lambda: NOW)
    begun(make_merchant(), a_list())
    begun(make_merchant(), a_list())

    assert tasks.import_orders() == 2
    assert counted() == (6, 12, 6)
    assert tasks.import_orders() == 0


def test_what_is_no_list_is_refused_at_once():
    with pytest.raises(BadFile):
        begun(make_merchant(), b"a,b")
    assert not OrderImport.objects.exists()


def test_a_mark_that_opens_and_never_ends_refuses_the_list():
    row = brought(make_merchant(), a_list() + b'\n"N9,open')

    assert (row.state, row.bad[0][0], counted()) == ("refused", 0, (0, 0, 0))


def test_the_command_says_what_it_did(tmp_path):
    shop, file, out = make_merchant(), tmp_path / "orders.csv", StringIO()
    file.write_bytes(a_list())
    call_command("import_orders", str(file), merchant=shop.slug, stdout=out)
    assert out.getvalue() == "Read as UTF-8: 3 orders added, 0 as they were.\n"

    file.write_bytes(a_list() + b"\nN9,nobody,S,Thing,1,1,,")
    said = StringIO()
    with pytest.raises(CommandError, match="1 bad lines, nothing imported"):
        call_command("import_orders", str(file), merchant=shop.slug, stderr=said)
    assert said.getvalue() == "line 8: email is no e-mail address.\n"

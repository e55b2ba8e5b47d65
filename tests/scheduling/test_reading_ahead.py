"""A process that starts reads what its first shoppers will ask for, and starts without a database too."""

import pytest
from django.db import connection

from scheduling import snapshots
from scheduling.models import Depot
from scheduling.reading_ahead import read_ahead
from tests.factories import NOW, ask_for, make_booking, make_network

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def outlet(settings):
    settings.SET_UP_KEPT_S = 10
    return make_network(days=3)


def test_the_first_quote_then_reads_no_day(outlet, django_assert_max_num_queries):
    snapshots.forget_all()

    assert read_ahead(now=NOW) == 3

    with django_assert_max_num_queries(10) as queries:
        ask_for(outlet)
    assert not [query for query in queries if "scheduling_stop" in query["sql"]]


def test_what_two_shops_share_is_read_once(outlet):
    other = make_network(days=1)
    other.depot = outlet.depot
    other.save()
    make_booking(outlet)

    assert read_ahead(now=NOW) == 3


def test_it_ends_when_its_time_is_over(outlet):
    assert read_ahead(now=NOW, longest_s=-1) == 0


def test_without_tables_it_reads_nothing(caplog):
    def fail(execute, sql, params, many, context):
        return execute("SELECT * FROM there_is_no_such_table", params, many, context)

    with connection.execute_wrapper(fail):
        assert read_ahead(now=NOW) == 0

    assert "nothing more is read ahead" in caplog.text


def test_a_plan_that_cannot_be_read_does_not_keep_a_process_from_starting(outlet, caplog):
    Depot.objects.update(time_zone="Nowhere/At_all")

    assert read_ahead(now=NOW) == 0

    assert "Nowhere" in caplog.text

"""Many at once with one link: a code's five tries, its single use, a change that meets its link's end."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Barrier

import pytest
from django.db import connection, transaction

from portal.access import LinkEnded, hold_link
from portal.codes import digits_of
from portal.models import AccessLink, OneTimeCode
from portal.not_me import Report
from portal.services.codes import MOST_SENT, TooManyCodes, Verdict, ask_code, try_code
from portal.services.links import end_links
from portal.services.lookup import find_booking_links
from scheduling.errors import PlanBusy
from scheduling.models import Delivery, Event, Stop
from scheduling.services.bookings import cancel_delivery
from scheduling.services.changes import checked_by
from tests.factories import NOW, make_booking, make_link, make_network

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both]

AT_ONCE = 20


def at_once(*changes: Callable[[], object]) -> list[object]:
    """Make all changes at one moment, each on its own connection; return what they returned or raised."""
    barrier = Barrier(len(changes))

    def make(change: Callable[[], object]) -> object:
        try:
            barrier.wait(timeout=60)
            while True:
                with suppress(PlanBusy):  # twenty in a queue may wait for longer than one lock allows
                    return change()
        except (LinkEnded, TooManyCodes) as refusal:
            return type(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(changes)) as pool:
        return list(pool.map(make, changes))


@pytest.fixture
def link() -> AccessLink:
    return make_link(make_booking(make_network()))


def tries(link: AccessLink, typed: list[str]) -> tuple[OneTimeCode, Counter]:
    """Have a code sent, then type all of these at one moment, each in a process's own copy of the row."""
    code = OneTimeCode.objects.latest("asked_at")
    copies = [OneTimeCode.objects.get(pk=code.pk) for _one in typed]
    judged = at_once(
        *(
            partial(try_code, code=copy, link=link, typed=digits, now=NOW)
            for copy, digits in zip(copies, typed, strict=True)
        )
    )
    code.refresh_from_db()
    return code, Counter(each.verdict for each in judged)


def test_of_twenty_wrong_tries_at_once_five_are_judged(link):
    code = ask_code(link=link, now=NOW)
    right = digits_of(code, link.delivery)
    wrong = [f"{(int(right) + 1 + n) % 10**6:06}" for n in range(AT_ONCE)]

    code, verdicts = tries(link, wrong)

    assert code.tries == 5
    assert verdicts == {Verdict.WRONG: 4, Verdict.USED_UP: 16}
    assert Event.objects.filter(kind="code.used_up").count() == 1
    assert try_code(code=code, link=link, typed=right, now=NOW).verdict is Verdict.USED_UP


def test_of_twenty_right_tries_at_once_one_is_let_in(link):
    code = ask_code(link=link, now=NOW)

    code, verdicts = tries(link, [digits_of(code, link.delivery)] * AT_ONCE)

    assert verdicts == {Verdict.RIGHT: 1, Verdict.USED: AT_ONCE - 1}
    assert code.tries == 1
    assert Event.objects.filter(kind="code.accepted").count() == 1


def test_counting_in_python_would_judge_more_than_five(link):
    """The control: with the count read and written back, the same twenty get more tries."""
    code = ask_code(link=link, now=NOW)
    judged = []

    def careless(copy: OneTimeCode) -> None:
        if copy.tries < 5:
            judged.append(copy)
            OneTimeCode.objects.filter(pk=copy.pk).update(tries=copy.tries + 1)

    copies = [OneTimeCode.objects.get(pk=code.pk) for _one in range(AT_ONCE)]
    at_once(*(partial(careless, copy) for copy in copies))

    assert len(judged) > 5


def test_of_twenty_codes_asked_for_at_once_five_are_sent(link):
    made = at_once(*(partial(ask_code, link=link, now=NOW) for _one in range(AT_ONCE)))

    assert made.count(TooManyCodes) == AT_ONCE - MOST_SENT[0][1]
    assert OneTimeCode.objects.count() == Event.objects.filter(kind="code.asked").count() == 5


def test_links_are_ended_once_however_many_say_so_at_once(link):
    report = Report(link, link.generation)

    ended = at_once(*(partial(end_links, report=report, now=NOW) for _one in range(AT_ONCE)))

    assert sorted(ended) == [False] * (AT_ONCE - 1) + [True]
    assert AccessLink.objects.get(pk=link.pk).generation == 2
    assert Event.objects.filter(kind="links.revoked").count() == 1


def cancel(link: AccessLink) -> str:
    with checked_by(partial(hold_link, link)):
        cancel_delivery(delivery=link.delivery, actor=link.actor, now=NOW)
    return "cancelled"


@pytest.mark.parametrize("_time", range(6))
def test_a_change_that_meets_the_end_of_its_link_is_certain_before_it_or_refused(link, _time):
    report = Report(link, link.generation)

    changed, ended = at_once(partial(cancel, link), partial(end_links, report=report, now=NOW))
    kinds = list(Event.objects.order_by("pk").values_list("kind", flat=True))[-2:]

    assert ended is True
    if changed is LinkEnded:
        assert Stop.objects.booked().count() == 1
        assert "booking.cancelled" not in kinds
    else:
        assert kinds == ["booking.cancelled", "links.revoked"]
        assert not Stop.objects.booked().exists()


def test_a_change_let_in_before_its_link_ended_is_refused_afterwards(link):
    assert end_links(report=Report(link, link.generation), now=NOW)

    with pytest.raises(LinkEnded):
        cancel(link)

    assert Stop.objects.booked().count() == 1


def test_without_holding_its_link_that_change_would_be_made(link):
    """The control: let in, overtaken by the end of all links, and made nevertheless."""
    assert end_links(report=Report(link, link.generation), now=NOW)

    cancel_delivery(delivery=link.delivery, actor=link.actor, now=NOW)

    assert not Stop.objects.booked().exists()


def test_who_looks_up_an_order_does_not_wait_for_who_changes_its_delivery(link):
    """Else the wait would tell that it is there."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one lock for all rows: hit and miss wait alike")
    delivery, number = link.delivery, link.delivery.order.number

    def look_up() -> str:
        try:
            connection.ensure_connection()
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '200ms'")
            find_booking_links(order_number=number, email=delivery.contact_email, now=NOW)
            return "answered"
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        Delivery.objects.lock([delivery.pk])
        answer = pool.submit(look_up).result(timeout=30)

    assert answer == "answered"
    assert Event.objects.filter(kind="links.asked", delivery=delivery).count() == 1

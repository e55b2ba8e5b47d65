"""Links: what a token is worth, how long, and that it is kept nowhere."""

import logging
from datetime import UTC, date, datetime, timedelta
from http.cookies import Morsel

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from portal import access, redaction
from portal.models import AccessLink
from scheduling import clock
from scheduling.services.bookings import cancel_delivery
from tests.factories import NOW, make_booking, make_link, make_network

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture(autouse=True)
def _at_now():
    clock.set_source(lambda: NOW)
    yield
    clock.set_source(None)


@pytest.fixture
def booking():
    return make_booking(make_network())


@pytest.fixture
def manage(booking):
    return make_link(booking)


@pytest.fixture
def follow(booking):
    return make_link(booking, access.FOLLOW)


def cookie_of(link: AccessLink, *, request=None) -> Morsel | None:
    """The cookie that a visit with this link sets, if any."""
    response = HttpResponse()
    access.grant_cookie(response, link, request=request or RequestFactory().get("/"), now=NOW)
    return response.cookies.get(access.cookie_name(link.delivery.ref))


def request_with(link: AccessLink | None, method: str = "get", **cookies: str):
    request = getattr(RequestFactory(), method)("/")
    if link is not None:
        morsel = cookie_of(link)
        request.COOKIES[morsel.key] = morsel.value
    request.COOKIES.update(cookies)
    return request


# Tokens


def test_a_token_is_its_link_again(manage, follow):
    assert access.link_from_token(access.token_of(manage), now=NOW) == manage
    assert access.link_from_token(access.token_of(follow), now=NOW) == follow


def test_a_delivery_has_one_link_of_a_kind_and_always_the_same_token(booking, manage):
    again = access.issue_link(delivery=booking.delivery, kind=access.MANAGE, now=NOW + timedelta(days=1))

    assert again == manage
    assert access.token_of(again) == access.token_of(manage)


def test_a_token_carries_256_bits_nobody_can_guess(manage):
    token = access.token_of(manage)

    assert len(token) == 64
    assert len(token) * 6 - access.ID_BYTES * 8 >= 192


def test_a_token_is_kept_nowhere(manage, follow, tmp_path):
    tokens = [access.token_of(manage), access.token_of(follow)]
    call_command("dumpdata", output=str(tmp_path / "dump.json"))

    dump = (tmp_path / "dump.json").read_text()

    assert manage.delivery.ref in dump
    assert not any(token in dump or token[22:] in dump for token in tokens)


def test_forged_tokens_open_nothing(manage, follow):
    token, other = access.token_of(manage), access.token_of(follow)
    forged = [
        "",
        "x",
        token[:-1],
        token + "A",
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token[:22] + other[22:],
        other[:22] + token[22:],
        token.swapcase(),
        "é" * 64,
        "=" * 64,
        "A" * 64,
        token[:-4] + "\x00" * 4,
    ]

    assert [access.link_from_token(each, now=NOW) for each in forged] == [None] * len(forged)


def test_another_secret_makes_other_tokens_and_an_old_one_may_be_kept(manage, settings):
    token = access.token_of(manage)
    settings.SECRET_KEY, old = "another secret " * 5, settings.SECRET_KEY

    assert access.link_from_token(token, now=NOW) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert access.link_from_token(token, now=NOW) == manage
    assert access.token_of(manage) != token


def test_a_renewed_link_ends_the_old_token(manage):
    old, old_cookie = access.token_of(manage), request_with(manage)

    access.renew_link(manage)

    ref = manage.delivery.ref
    assert access.link_from_token(old, now=NOW) is None
    assert access.link_from_request(old_cookie, ref=ref, kind=access.FOLLOW, now=NOW) is None
    assert access.link_from_token(access.token_of(manage), now=NOW) == manage


def test_a_revoked_link_ends_and_the_next_is_another(booking, manage):
    token, cookie = access.token_of(manage), request_with(manage)

    access.revoke_link(manage, now=NOW)
    another = access.issue_link(delivery=booking.delivery, kind=access.MANAGE, now=NOW)

    assert access.link_from_token(token, now=NOW) is None
    assert access.link_from_request(cookie, ref=booking.delivery.ref, kind=access.MANAGE, now=NOW) is None
    assert another != manage
    assert access.link_from_token(access.token_of(another), now=NOW) == another


def test_a_link_ends_fourteen_days_after_the_promised_day(manage):
    token = access.token_of(manage)
    last = datetime(2026, 12, 8, 22, 0, tzinfo=UTC)  # 24 November + 14 days, midnight in Helsinki

    assert access.link_from_token(token, now=last - timedelta(seconds=1)) == manage
    assert access.link_from_token(token, now=last) is None


def test_a_later_promise_keeps_the_link_for_longer():
    later = make_booking(make_network(days=5), day=date(2026, 11, 27))

    assert access.ends_at(make_link(later)) == datetime(2026, 12, 11, 22, 0, tzinfo=UTC)


def test_a_cancelled_booking_can_still_be_looked_at(booking, manage):
    cancel_delivery(delivery=booking.delivery, actor="test", now=NOW)

    assert access.link_from_token(access.token_of(manage), now=NOW) == manage


# Cookies


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(manage, settings):
    morsel = cookie_of(manage)

    assert (morsel["path"], morsel["samesite"], morsel["httponly"]) == ("/", "Lax", True)
    assert not morsel["secure"]
    assert morsel["max-age"] == (access.ends_at(manage) - NOW).total_seconds()
    assert access.token_of(manage) not in morsel.value


def test_behind_https_the_cookie_is_bound_to_the_host(manage, settings):
    settings.HTTPS, settings.COOKIE_PREFIX = True, "__Host-"

    morsel = cookie_of(manage)

    assert morsel.key == f"__Host-delivery-{manage.delivery.ref}"
    assert morsel["secure"]
    assert morsel["path"] == "/"
    assert not morsel["domain"]


def test_a_manage_cookie_may_follow_and_a_follow_cookie_may_not_manage(manage, follow):
    ref = manage.delivery.ref

    def found(link, kind):
        return access.link_from_request(request_with(link), ref=ref, kind=kind, now=NOW)

    assert found(manage, access.MANAGE) == found(manage, access.FOLLOW) == manage
    assert found(follow, access.FOLLOW) == follow
    assert found(follow, access.MANAGE) is None
    assert found(None, access.FOLLOW) is None


def test_each_cookie_opens_its_own_delivery_only(manage):
    other = make_link(make_booking(make_network()))
    name, value = access.cookie_name(other.delivery.ref), cookie_of(manage).value

    request = request_with(None, **{name: value})

    assert access.link_from_request(request, ref=other.delivery.ref, kind=access.FOLLOW, now=NOW) is None


@pytest.mark.parametrize("value", ["", "x", "a:b:c", "eyJhIjoxfQ:1vN:zzz"])
def test_a_cookie_we_did_not_sign_opens_nothing(manage, value):
    ref = manage.delivery.ref
    request = request_with(None, **{access.cookie_name(ref): value})

    assert access.link_from_request(request, ref=ref, kind=access.FOLLOW, now=NOW) is None


def test_opening_a_follow_link_takes_nothing_from_who_may_manage(manage, follow):
    assert cookie_of(follow, request=request_with(manage)) is None
    assert cookie_of(follow, request=request_with(None)) is not None
    assert cookie_of(manage, request=request_with(follow)) is not None


def test_a_cookie_ends_with_its_link(manage):
    request, ref = request_with(manage), manage.delivery.ref

    late = access.ends_at(manage)

    assert access.link_from_request(request, ref=ref, kind=access.FOLLOW, now=late) is None


# Views


@access.require_manage
def manage_view(request, link: AccessLink) -> HttpResponse:
    return HttpResponse(link.kind)


@access.require_follow
def follow_view(request, link: AccessLink) -> HttpResponse:
    return HttpResponse(link.kind)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_follow_link_never_writes(follow, method):
    ref = follow.delivery.ref

    with pytest.raises(PermissionDenied):
        manage_view(request_with(follow, method), ref=ref)
    with pytest.raises(PermissionDenied):
        follow_view(request_with(follow, method), ref=ref)


def test_pages_open_to_the_link_they_ask_for(manage, follow):
    ref = manage.delivery.ref

    assert manage_view(request_with(manage, "post"), ref=ref).content == b"manage"
    assert follow_view(request_with(manage), ref=ref).content == b"manage"
    assert follow_view(request_with(follow), ref=ref).content == b"follow"
    with pytest.raises(PermissionDenied):
        manage_view(request_with(follow), ref=ref)


@pytest.mark.parametrize("view", [manage_view, follow_view])
def test_without_a_link_there_is_nothing(booking, view):
    with pytest.raises(Http404):
        view(request_with(None), ref=booking.delivery.ref)
    with pytest.raises(Http404):
        view(request_with(None, "post"), ref=booking.delivery.ref)


def test_pages_behind_links_stay_out_of_caches_search_engines_and_referers(manage):
    headers = manage_view(request_with(manage), ref=manage.delivery.ref).headers

    assert headers["Cache-Control"] == "no-store, private"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert headers["Referrer-Policy"] == "same-origin"
    assert follow_view(request_with(manage), ref=manage.delivery.ref)["Referrer-Policy"] == "no-referrer"


def test_looking_a_hundred_times_changes_nothing(manage, tmp_path):
    def dump() -> str:
        call_command("dumpdata", output=str(tmp_path / "dump.json"))
        return (tmp_path / "dump.json").read_text()

    before = dump()
    for _i in range(50):
        access.link_from_token(access.token_of(manage), now=NOW)
        manage_view(request_with(manage), ref=manage.delivery.ref)

    assert dump() == before


# Logs


def test_no_log_line_holds_a_token(manage, client, caplog):
    token = access.token_of(manage)
    with caplog.at_level(logging.DEBUG):
        client.get(f"/l/{token}/nothing-here/")
        logging.getLogger("gunicorn.access").info(
            '%(h)s "%(r)s"', {"h": "-", "r": f"GET /l/{token}/ HTTP/1.1"}
        )
        logging.getLogger("django.server").info('"%s" %s', f"GET /l/{token}?x=1 HTTP/1.1", "302")
        logging.getLogger("somebody").info(f"Referer: https://h/l/{token}/")

    assert len(caplog.records) >= 3
    assert token not in caplog.text
    assert not any(token in str(vars(record)) for record in caplog.records if record.name != "django.request")
    assert "/l/[token]" in caplog.text


def test_a_log_line_without_a_token_stays_as_it_was(caplog):
    with caplog.at_level(logging.INFO):
        logging.getLogger("somebody").info("%s of %d", "one", 2)

    assert caplog.records[-1].args == ("one", 2)


def test_logs_are_redacted_once():
    before = logging.getLogRecordFactory()

    redaction.install()

    assert logging.getLogRecordFactory() is before


def test_a_bad_logging_call_is_logging_s_own_business():
    record = logging.getLogRecordFactory()("n", logging.INFO, "p", 1, "%d %d", ("x",), None)

    assert record.args == ("x",)

"""What holds for every page, and the tools around them."""

import re
import smtplib
import subprocess
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxMiddleware

from portal import http
from portal.middleware import Refusals, private_by_default
from scheduling import events
from scheduling.errors import PlanBusy, SlotTaken

ROOT = Path(__file__).parent.parent


def asked(path: str = "/", **headers: str) -> HttpRequest:
    """A request as the middleware leaves it."""
    request = RequestFactory().get(path, headers=headers)
    HtmxMiddleware(lambda request: HttpResponse())(request)
    return request


@pytest.fixture
def templates(settings, tmp_path):
    """A page with a part."""
    (tmp_path / "page.html").write_text("<main>{% include '_grid.html' %}</main>")
    (tmp_path / "_grid.html").write_text('<section id="grid">{{ day }}</section>')
    settings.TEMPLATES = [settings.TEMPLATES[0] | {"DIRS": [tmp_path]}]


def rendered(request: HttpRequest) -> str:
    return http.render_page(request, "page.html", "_grid.html", {"day": "Monday"}).content.decode()


def test_a_browser_gets_the_page_and_htmx_the_part_it_asks_for(templates):
    page, part = "<main>", '<section id="grid">Monday</section>'

    assert rendered(asked()).startswith(page)
    assert rendered(asked(HX_Request="true", HX_Target="grid")) == part
    assert rendered(asked(HX_Request="true", HX_Target="something-else")).startswith(page)
    assert rendered(asked(HX_Request="true", HX_Target="grid", HX_Boosted="true")).startswith(page)


def test_caches_are_told_that_parts_and_pages_differ(templates):
    response = http.render_page(asked(), "page.html", "_grid.html", {}, status=409)

    assert response.status_code == 409
    assert response["Vary"] == "HX-Request, HX-Target"


def test_after_a_change_the_browser_is_sent_on_with_get():
    plain, by_htmx = (
        http.redirect_page(asked(), "/there/"),
        http.redirect_page(asked(HX_Request="true"), "/there/"),
    )

    assert (plain.status_code, plain["Location"]) == (303, "/there/")
    assert (by_htmx.status_code, by_htmx["HX-Redirect"]) == (200, "/there/")


def test_pages_are_kept_out_of_caches_unless_they_say_otherwise():
    def public(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Cache-Control": "max-age=60"})

    assert private_by_default(lambda request: HttpResponse())(asked())["Cache-Control"] == "no-store, private"
    assert private_by_default(public)(asked())["Cache-Control"] == "max-age=60"


@pytest.mark.django_db
@pytest.mark.parametrize(("refusal", "retry_after"), [(SlotTaken(), None), (PlanBusy(), "3")])
def test_a_refusal_that_no_view_caught_becomes_a_page_with_its_sentence(client, refusal, retry_after):
    request = asked()
    request.session = client.session
    response = Refusals(lambda request: HttpResponse()).process_exception(request, refusal)

    assert response is not None
    assert response.status_code == 409
    assert str(refusal) in response.content.decode()
    assert refusal.code in response.content.decode()
    assert response.get("Retry-After") == retry_after


def test_a_fault_is_no_refusal():
    assert Refusals(lambda request: HttpResponse()).process_exception(asked(), ValueError()) is None


@pytest.mark.django_db
def test_an_unknown_address_gets_a_page_that_says_so(client):
    response = client.get("/nothing/here/")

    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()
    assert response["Cache-Control"] == "no-store, private"


@pytest.mark.django_db
def test_too_many_requests_are_told_when_to_come_back(client):
    response = http.too_many(asked(), retry_after_s=90)

    assert (response.status_code, response["Retry-After"]) == (429, "90")
    assert "Please wait" in response.content.decode()


def test_the_page_for_our_own_faults_needs_nothing_that_may_have_broken():
    response = http.server_error(asked())

    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    assert "<link" not in response.content.decode()


@pytest.mark.django_db
def test_every_answer_carries_the_content_policy_and_is_framed_by_nobody(client):
    response = client.get("/nothing/here/")
    policy = dict(
        part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";") if part.strip()
    )

    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
def test_a_form_without_its_token_changes_nothing_and_says_why(client):
    client.handler.enforce_csrf_checks = True
    response = client.post("/admin/login/", {"username": "a@example.org", "password": "x"})

    assert response.status_code == 403
    assert "This form has expired" in response.content.decode()


def test_make_alone_lists_what_can_be_done():
    listed = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^  make (\S+) +(\S.*)$", listed, re.MULTILINE)

    assert {"demo", "test", "lint", "format", "serve", "messages", "clean"} <= {
        target for target, _why in targets
    }
    assert all(why.endswith(".") for _target, why in targets)


def test_the_gate_runs_make_test_and_nothing_weaker():
    gate = (ROOT / ".ci" / "run").read_text()
    makefile = (ROOT / "Makefile").read_text()

    def recipe(target: str) -> str:
        return makefile.split(f"\n{target}:")[1].split("\n\n")[0]

    assert gate.rstrip().endswith("exec make test")
    assert "export CI=true" in gate
    assert "style" in recipe("test").splitlines()[0]
    assert "test-core test-pages test-again" in recipe("test")
    assert "types" in recipe("test-core").splitlines()[0]
    assert "-m pytest $(CORE)" in recipe("test-core")
    assert "tests $(addprefix --ignore=,$(CORE))" in recipe("test-pages")
    assert "TEST_ON=postgres $(PY) -m pytest)" in recipe("test-again")
    for step in ("ruff check", "ruff format --check"):
        assert step in recipe("style")
    for step in ("mypy", "lint-imports", "makemigrations --check"):
        assert step in recipe("types")
    assert "--fail-under 95" in recipe("test-core")


def send(port: int, subject: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.org", "aino@example.org", subject
    mail.set_content("Monday, 10 to 12")
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.send_message(mail)


def test_the_mail_server_of_the_tests_keeps_what_it_is_given_and_refuses_on_cue(mail_server):
    mail_server.refusals = 1
    with pytest.raises(smtplib.SMTPDataError):
        send(mail_server.port, "lost")
    send(mail_server.port, "kept")

    (mail,) = mail_server.to("aino@example.org")
    assert mail.subject == "kept"
    assert mail.text.strip() == "Monday, 10 to 12"


@pytest.mark.django_db
def test_who_comes_without_an_address_is_taken_to_find_their_delivery(client):
    assert client.get("/")["Location"] == "/find/"


def test_a_killed_workers_task_goes_back_to_the_queue(settings):
    from portal.celery import app

    assert app.conf.task_acks_late
    assert app.conf.task_reject_on_worker_lost
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.task_time_limit < 300  # the visibility timeout


@pytest.mark.django_db(transaction=True)
def test_a_recorded_event_wakes_the_relay_once_its_change_is_certain(monkeypatch):
    woken = []
    monkeypatch.setattr(events, "_waker", lambda: woken.append("now"))
    with transaction.atomic():
        events.record("plan.closed", actor="clock", now=datetime(2026, 11, 23, 8, tzinfo=UTC))
        assert woken == []

    assert woken == ["now"]

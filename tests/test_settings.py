"""Settings are checked at start: one clear sentence for each bad value, and nothing starts half."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.benchmarks.blank import lay_tables
from portal.benchmarks.stack import STATIC, collect_static, make_tables, sqlite_in

ROOT = Path(__file__).parent.parent
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PRODUCTION = {
    "SECRET_KEY": "k7Qp2vX9" * 8,
    "ACCESS_KEYS": f"2026a:{KEY}",
    "PROOF_KEYS": f"2026a:{KEY}",
    "ALLOWED_HOSTS": "times.example.org",
    "PUBLIC_URL": "https://times.example.org/",
    "DATABASE_URL": "postgres://doorstep:pw@db.example.org:5432/doorstep",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_URL": "smtp+tls://user:pw@mail.example.org:587",
    "FROM_EMAIL": "Deliveries <times@example.org>",
}


@pytest.fixture
def load(monkeypatch):
    """Return a function that reads the settings afresh, with nothing but these variables set."""

    def load(**variables: str) -> dict:
        for name in set(os.environ) - {"PATH", "HOME"}:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "portal" / "settings.py"))

    return load


def refusal(load, **variables: str) -> str:
    """The sentences with which the settings refuse to load."""
    with pytest.raises(ImproperlyConfigured) as refused:
        load(**variables)
    return str(refused.value)


def test_production_starts_when_it_has_been_told_everything(load):
    settings = load(**PRODUCTION)

    assert settings["PRODUCTION"]
    assert settings["PUBLIC_URL"] == "https://times.example.org"
    assert settings["EMAIL_HOST"] == "mail.example.org"


@pytest.mark.parametrize(
    "name",
    sorted(set(PRODUCTION) - {"DATABASE_URL"}),
)
def test_production_does_not_start_without_what_it_needs(load, name):
    assert f"- {name}: " in refusal(load, **PRODUCTION | {name: ""})


def test_an_empty_environment_lists_everything_that_is_missing_at_once(load):
    sentences = refusal(load).splitlines()

    assert sentences[0] == "Doorstep can't start:"
    assert len(sentences) == 9


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEBUG", "perhaps", "say 1 for on or 0 for off"),
        ("DOORSTEP_DEMO", "2", "say 1 for on or 0 for off"),
        ("SECRET_KEY", "short", "at least 50 random characters"),
        ("ACCESS_KEYS", "2026a:c2hvcnQ=", "32 random bytes"),
        ("ACCESS_KEYS", "no-id", "id:key"),
        ("ACCESS_KEYS", f"a:{KEY},a:{KEY}", "another one"),
        ("PROOF_KEYS", "2026a:c2hvcnQ=", "32 random bytes"),
        ("PROOF_DAYS", "-1", "whole number from 0 to 3650"),
        ("ACCESS_CODES_KEPT_H", "48", "whole number from 0 to 24"),
        ("ALLOWED_HOSTS", "*", "name the hosts"),
        ("PUBLIC_URL", "times.example.org", "give the portal's address"),
        ("PUBLIC_URL", "http://times.example.org", "https address"),
        ("DATABASE_URL", "mysql://root@db/doorstep", "postgres://"),
        ("DATABASE_URL", "nonsense", "postgres://"),
        ("REDIS_URL", "http://127.0.0.1", "redis://"),
        ("REDIS_URL", "unix:///run/redis.sock", "redis://"),
        ("WEB_CONCURRENCY", "many", "whole number from 1 to 64"),
        ("WEB_CONCURRENCY", "0", "whole number from 1 to 64"),
        ("TRUSTED_PROXY_HOPS", "-1", "whole number from 0 to 5"),
        ("EMAIL_URL", "mail.example.org", "smtp+tls://"),
        ("EMAIL_URL", "console://", "smtp+tls://"),
        ("EMAIL_SERVICE", "pigeon", "brevo, mailgun, postmark, resend, sparkpost"),
        ("EMAIL_SERVICE_URL", "api", "whole address"),
        ("MESSAGE_LONGEST_WAIT_S", "0", "whole number from 1 to 86400"),
        ("SMS_ACCOUNT", "me", "AC and 32 signs"),
        ("SMS_FROM", "0401234567", "+358401234567"),
        ("SMS_FROM", "A name too long", "up to 11 letters"),
        ("SMS_TOKEN", "secret", "Give all three, or none"),
        ("SMS_API", "http://127.0.0.1:8200", "only tests and the demo"),
        ("MAP_TILES_URL", "https://tiles.example.org/", "{z}/{x}/{y}"),
        ("GEOCODER", "crystal ball", "gazetteer, nominatim, photon or pelias"),
        ("WEBHOOK_RETRY_H", "0", "whole number from 1 to 720"),
        ("DRAFT_ADDRESS_DAYS", "-1", "whole number from 0 to 3650"),
        ("CONTACT_DAYS", "for ever", "whole number from 0 to 3650"),
        ("WEBHOOK_LONGEST_WAIT_S", "0", "whole number from 1 to 86400"),
        ("GEOCODER", "photon", "Give the address of yours"),
        ("GEOCODER", "nominatim", "name and a contact"),
        ("GEOCODER_URL", "photon", "whole address"),
        ("GAZETTEER_FILE", "no-such-file.csv", "no such file"),
        ("LOG_LEVEL", "loud", "DEBUG, INFO, WARNING or ERROR"),
    ],
)
def test_a_bad_value_gets_a_sentence(load, name, value, sentence):
    said = refusal(load, **PRODUCTION | {name: value})

    assert sentence in said


def test_sms_are_on_with_all_three_and_off_without(load):
    account = "AC" + "0" * 32
    for sender in ("+358401234567", "MG" + "0" * 32, "Kauppa"):
        settings = load(**PRODUCTION, SMS_ACCOUNT=account, SMS_TOKEN="t", SMS_FROM=sender)
        assert (settings["SMS_ACCOUNT"], settings["SMS_FROM"]) == (account, sender)
    assert load(**PRODUCTION)["SMS_ACCOUNT"] == ""


def test_mails_may_leave_through_a_service_instead_of_a_server(load):
    service = {"EMAIL_URL": "", "EMAIL_SERVICE": "postmark", "EMAIL_SERVICE_KEY": "k"}
    settings = load(**PRODUCTION | service)

    assert settings["EMAIL_BACKEND"] == "anymail.backends.postmark.EmailBackend"
    assert settings["ANYMAIL"] == {"POSTMARK_SERVER_TOKEN": "k", "REQUESTS_TIMEOUT": 8}
    assert "- EMAIL_SERVICE_KEY: postmark" in refusal(
        load, **PRODUCTION | service | {"EMAIL_SERVICE_KEY": ""}
    )
    assert "- EMAIL_URL: mails leave one way" in refusal(
        load, **PRODUCTION | service | {"EMAIL_URL": "smtp://m"}
    )


def test_no_sentence_repeats_a_secret(load):
    said = refusal(
        load, **PRODUCTION | {"SECRET_KEY": "hunter2", "DATABASE_URL": "hunter2", "EMAIL_URL": "hunter2"}
    )

    assert "hunter2" not in said


def test_several_processes_need_redis_also_on_a_developers_machine(load):
    assert "- REDIS_URL: WEB_CONCURRENCY asks" in refusal(load, DEBUG="1", WEB_CONCURRENCY="2")


def test_sqlite_takes_its_lock_first_and_survives_a_power_cut(load):
    options = load(DEBUG="1")["DATABASES"]["default"]["OPTIONS"]

    assert options["transaction_mode"] == "IMMEDIATE"
    assert options["timeout"] == 20
    assert "journal_mode=WAL" in options["init_command"]
    assert "synchronous=FULL" in options["init_command"]
    assert "secure_delete=ON" in options["init_command"]


def test_sqlites_file_stays_open_between_requests_unless_it_may_be_replaced(load):
    def kept_s(**variables: str) -> int:
        return load(**variables)["DATABASES"]["default"]["CONN_MAX_AGE"]

    assert kept_s(**PRODUCTION | {"DATABASE_URL": ""}) == 60
    assert [kept_s(**{mode: "1"}) for mode in ("DEBUG", "DOORSTEP_DEMO", "DOORSTEP_TEST")] == [0, 0, 0]


def test_postgres_waits_three_seconds_for_a_lock(load):
    database = load(**PRODUCTION)["DATABASES"]["default"]

    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert "lock_timeout=3000" in database["OPTIONS"]["options"]


def test_nothing_waits_for_a_database_or_redis_without_end(load):
    settings = load(**PRODUCTION)
    database, cache = settings["DATABASES"]["default"]["OPTIONS"], settings["CACHES"]["default"]["OPTIONS"]

    assert database["connect_timeout"] == 3
    assert "statement_timeout=15000" in database["options"]
    assert "idle_in_transaction_session_timeout=30000" in database["options"]
    assert cache["socket_connect_timeout"] == cache["socket_timeout"] == 0.5
    assert settings["CELERY_BROKER_TRANSPORT_OPTIONS"]["socket_timeout"] == 10
    assert settings["EMAIL_TIMEOUT"] < 10
    assert settings["CELERY_TASK_SOFT_TIME_LIMIT"] < settings["CELERY_TASK_TIME_LIMIT"] == 120
    assert settings["CELERY_BROKER_CONNECTION_MAX_RETRIES"] is None
    long = load(**PRODUCTION, STATEMENT_TIMEOUT_S="0")["DATABASES"]["default"]["OPTIONS"]["options"]
    assert "statement_timeout=0" in long


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://db.example.org/shop"),
        ("ALLOWED_HOSTS", "times.example.org"),
        ("ALLOWED_HOSTS", "*"),
    ],
)
def test_the_demo_refuses_a_real_database_and_the_open_network(load, name, value):
    assert f"- {name}: the demo" in refusal(load, DOORSTEP_DEMO="1", **{name: value})


@pytest.mark.parametrize("mode", [PRODUCTION, {"DEBUG": "1"}])
def test_only_tests_and_the_demo_may_send_webhooks_to_addresses_inside(load, mode):
    assert "- WEBHOOK_TEST_TARGETS: only tests" in refusal(
        load, **mode, WEBHOOK_TEST_TARGETS="127.0.0.1:8200"
    )
    for name in ("DOORSTEP_DEMO", "DOORSTEP_TEST"):
        targets = "127.0.0.1:8200,localhost:8201"
        settings = load(**{name: "1", "WEBHOOK_TEST_TARGETS": targets})
        assert settings["WEBHOOK_TEST_TARGETS"] == targets.split(",")


@pytest.mark.parametrize("mode", [PRODUCTION, {"DEBUG": "1"}])
def test_only_tests_and_the_demo_may_pay_at_something_else_than_stripe(load, mode):
    assert "- STRIPE_API_BASE: only tests" in refusal(load, **mode, STRIPE_API_BASE="http://127.0.0.1:8200")
    for name in ("DOORSTEP_DEMO", "DOORSTEP_TEST"):
        settings = load(**{name: "1", "STRIPE_API_BASE": "http://127.0.0.1:8200/"})
        assert settings["STRIPE_API_BASE"] == "http://127.0.0.1:8200"


def test_the_demo_loads_its_package_and_no_other_mode_does(load):
    assert "portal.demo" in load(DOORSTEP_DEMO="1")["INSTALLED_APPS"]
    for variables in (PRODUCTION, {"DEBUG": "1"}, {"DOORSTEP_TEST": "1"}):
        assert "portal.demo" not in load(**variables)["INSTALLED_APPS"]


def test_cookies_are_pinned_to_the_host_in_production_and_plain_in_the_demo(load):
    production, demo = load(**PRODUCTION), load(DOORSTEP_DEMO="1")

    assert production["SESSION_COOKIE_NAME"] == "__Host-session"
    assert production["CSRF_COOKIE_NAME"] == "__Host-csrf"
    assert production["SESSION_COOKIE_SECURE"]
    assert demo["SESSION_COOKIE_NAME"] == "session"
    assert not demo["SESSION_COOKIE_SECURE"]
    assert production["SESSION_COOKIE_SAMESITE"] == demo["SESSION_COOKIE_SAMESITE"] == "Lax"


def test_only_the_demo_may_frame_its_own_pages(load):
    policy = "CONTENT_SECURITY_POLICY"

    assert load(**PRODUCTION)[policy]["DIRECTIVES"]["frame-ancestors"] == ["'none'"]
    assert load(DOORSTEP_DEMO="1")[policy]["DIRECTIVES"]["frame-ancestors"] == ["'self'"]


def test_a_tile_server_is_let_through_the_policy_and_nothing_else_is(load):
    tiles = "https://{s}.tiles.example.org/{z}/{x}/{y}.png"
    directives = load(**PRODUCTION, MAP_TILES_URL=tiles)["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]

    assert directives["img-src"] == ["'self'", "data:", "https://*.tiles.example.org"]
    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == ["'self'"]


def run(code: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the repository, with these variables on top of production's."""
    environment = {"PATH": os.environ["PATH"], **PRODUCTION, **variables}
    return subprocess.run(
        [sys.executable, *code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


def test_djangos_own_deployment_check_finds_nothing():
    checked = run(["manage.py", "check", "--deploy", "--fail-level", "WARNING"])

    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


IN_PRODUCTION = """
import django, sys
django.setup()
from django.test import Client
visitor = Client(SERVER_NAME="times.example.org")
for address in ("/demo/", "/demo/clock/", "/demo/inbox/"):
    for method in (visitor.get, visitor.post):
        print(address, method(address, {"to": "evening"}, secure=True).status_code)
print("plain http", visitor.get("/demo/").status_code)
print("demo loaded", any(name.startswith("portal.demo") for name in sys.modules))
from datetime import UTC, datetime
from scheduling import clock
print("clock ahead", abs(clock.now() - datetime.now(UTC)).total_seconds() > 5)
"""


@pytest.mark.slow
def test_in_production_there_is_no_demo_and_the_clock_cannot_be_moved(tmp_path):
    lay_tables(tmp_path, "sqlite", lambda new: make_tables(new, "sqlite"))
    here = {"DATABASE_URL": "", "STATIC_ROOT": str(STATIC)} | sqlite_in(tmp_path)
    collect_static(lambda *command: run(["manage.py", *command], **here).check_returncode())

    told = run(
        ["-c", IN_PRODUCTION],
        DJANGO_SETTINGS_MODULE="portal.settings",
        DOORSTEP_CLOCK_OFFSET_S="86400",
        **here,
    )

    lines = told.stdout.splitlines()
    assert [line.rsplit(" ", 1)[1] for line in lines[:6]] == ["404"] * 6, told.stderr
    assert lines[6:] == ["plain http 301", "demo loaded False", "clock ahead False"]
    assert list((STATIC / "css").glob("tokens.*.css.br"))

"""The demo as it is started: one process on this machine, from the first page to Ctrl-C."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from tests.portal.demo.running import Demo, environment, laid_out, start, start_again

pytestmark = [pytest.mark.slow, pytest.mark.once]

PATIENCE_S = 180
"""Laying days out and driving through them takes a busy machine a while."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(folder, run_folder) -> Iterator[Demo]:
    running = start_again(run_folder, folder)
    yield running
    if running.process.poll() is None:
        running.end()


@pytest.fixture
def visitor(demo) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=demo.url, follow_redirects=True, timeout=PATIENCE_S) as client:
        client.get("/demo/")
        yield client


def press(visitor: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Send a form as its page would."""
    fields["csrfmiddlewaretoken"] = visitor.cookies["csrf"]
    return visitor.post(path, data=fields)


def shown_time(page: httpx.Response) -> str:
    """What the clock bar says."""
    return re.search(r'<b class="nums">[^<]*(\d\d:\d\d)</b>', page.text)[1]


def test_it_says_where_to_click(demo):
    assert f"{demo.url}/demo/" in demo.said


def test_a_first_start_says_what_took_so_long(run_folder):
    assert "Laid out a week" in (laid_out(run_folder) / "said.txt").read_text()


def test_the_guide_lists_only_pages_that_exist(visitor):
    page = visitor.get("/demo/")
    links = set(re.findall(r'(?:href|action)="(/demo/[^"]*)"', page.text))

    assert page.status_code == 200
    assert {"/demo/side-by-side/", "/demo/inbox/"} <= links
    answers = {link: visitor.get(link).status_code for link in links}
    assert set(answers.values()) <= {200, 405}, answers


def test_a_shopper_is_one_click_away_from_a_filled_in_address(visitor):
    page = press(visitor, "/demo/shopper/", shop="nordkaupa", address="Makasiinikatu 4, Helsinki")

    assert page.status_code == 200
    assert page.url.path == "/s/nordkaupa/"
    assert "Makasiinikatu 4, Helsinki" in page.text


def test_an_unknown_shop_is_refused(visitor):
    assert press(visitor, "/demo/shopper/", shop="../../etc").status_code == 400


def test_the_planner_is_one_click_away_from_tomorrow_s_routes(visitor):
    page = press(visitor, "/demo/planner/")

    assert re.fullmatch(r"/depot/vantaa/\d{4}-\d\d-\d\d/", page.url.path)
    assert "Van 1 Aurora" in page.text
    assert "data-routes-for" in page.text


def test_nobody_signs_in_by_looking(visitor):
    assert visitor.get("/demo/planner/").status_code == 405
    assert visitor.get("/demo/clock/").status_code == 405
    assert visitor.get("/demo/start-again/").status_code == 405


def test_the_two_sides_may_be_framed_by_ourselves_only(visitor):
    page = visitor.get("/demo/side-by-side/")

    assert '<iframe class="beside__frame" src="/s/nordkaupa/' in page.text
    assert "frame-ancestors 'self'" in visitor.get("/s/nordkaupa/").headers["Content-Security-Policy"]


def test_a_poll_that_has_seen_it_all_gets_nothing(visitor):
    page = visitor.get("/demo/side-by-side/")
    again = re.search(r'hx-get="([^"]*)"', page.text)[1].replace("&amp;", "&")
    htmx = {"HX-Request": "true", "HX-Target": "beside"}

    assert visitor.get(again, headers=htmx).status_code == 204
    assert visitor.get(again.split("&v=")[0], headers=htmx).status_code == 200


def test_the_clock_jumps_to_the_evening_and_not_twice_and_starting_again_puts_it_back(visitor):
    assert "The evening before" in visitor.get("/demo/").text

    evening = press(visitor, "/demo/clock/", to="evening", next="/demo/inbox/")
    assert evening.url.path == "/demo/inbox/"
    assert shown_time(evening) == "19:00"
    assert press(visitor, "/demo/clock/", to="yesterday").status_code == 400
    away = press(visitor, "/demo/clock/", to="evening", next="https://elsewhere.example/")
    assert away.url.host == "127.0.0.1"

    again = press(visitor, "/demo/start-again/")
    assert again.url.path == "/demo/"
    assert shown_time(again) != "19:00"


def shop_of(demo: Demo) -> str:
    return re.search(r"(http://localhost:\d+)/", demo.said)[1]


def test_a_shop_on_another_origin_has_the_widget_in_its_checkout(demo, visitor):
    page = httpx.get(f"{shop_of(demo)}/")

    assert f'<script src="{demo.url}/embed/v1/slots.js"' in page.text
    assert re.search(r'session="st_[\w-]+"', page.text)
    assert f"frame-src {demo.url}" in page.headers["Content-Security-Policy"]
    assert f"{shop_of(demo)}/" in visitor.get("/demo/").text
    frame = visitor.get("/embed/v1/frame/nordkaupa/")
    assert f"frame-ancestors {shop_of(demo)}" in frame.headers["Content-Security-Policy"]


def test_the_shop_still_sells_after_starting_again(demo, visitor):
    press(visitor, "/demo/start-again/")

    assert re.search(r'session="st_[\w-]+"', httpx.get(f"{shop_of(demo)}/").text)


def told(visitor: httpx.Client) -> tuple[list[str], str]:
    """Have a test sent to the shop's server; return its merchant's endpoints, and what became of it."""
    page = press(visitor, "/demo/manager/", to="webhooks")
    found = re.findall(r'href="(/shop/nordkaupa/webhooks/[\w-]{36}/)"[^>]*>([^<]*)', page.text)
    press(visitor, f"{found[0][0]}test/")
    until, row = time.monotonic() + 10, ""
    while "answered" not in row and time.monotonic() < until:
        time.sleep(0.1)
        row = re.search(r'<p class="nums">([^<]*)', visitor.get(found[0][0]).text)[1]
    return [url for _path, url in found], row


def listens(demo: Demo) -> str:
    return f"http://127.0.0.1:{shop_of(demo).rsplit(':', 1)[1]}/webhooks/doorstep"


def test_the_shop_s_server_takes_what_it_is_told_also_after_starting_again(demo, visitor):
    for _ in range(2):
        urls, became = told(visitor)
        assert urls == [listens(demo)]
        assert "1 try · answered 204" in became
        press(visitor, "/demo/start-again/")


@pytest.mark.parametrize("port", ["", ":22", ":{portal}", ":{shop}"])
def test_nothing_else_inside_is_sent_to(demo, visitor, port):
    press(visitor, "/demo/manager/", to="webhooks")
    named = port.format(portal=demo.url.rsplit(":", 1)[1], shop=shop_of(demo).rsplit(":", 1)[1])
    # To the shop's port only by the very host that is named.
    host = "localhost" if "shop" in port else "127.0.0.1"

    page = press(visitor, "/shop/nordkaupa/webhooks/", url=f"http://{host}{named}/webhooks/doorstep")
    assert page.status_code == 422


def test_it_answers_this_machine_only(demo):
    port = int(demo.url.rsplit(":", 1)[1])
    listening = Path("/proc/net/tcp").read_text()

    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_a_taken_port_is_said_in_a_sentence(demo, folder):
    port = demo.url.rsplit(":", 1)[1]
    command = [sys.executable, "manage.py", "demo", "--port", port]

    second = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment(folder), capture_output=True, text=True, check=False
    )

    assert second.returncode == 1
    assert f"Port {port} is taken" in second.stderr
    assert "Traceback" not in second.stderr


def test_ctrl_c_ends_it_cleanly_and_the_second_start_is_quick(demo, folder):
    code, seconds = demo.end()
    assert (code, seconds < 15) == (0, True)

    second = start(folder)
    try:
        assert "Laid out" not in second.said
        with httpx.Client(base_url=second.url, follow_redirects=True, timeout=60) as client:
            client.get("/demo/")
            urls, became = told(client)
        assert urls == [listens(second)]  # at another port now, and the only one
        assert "1 try · answered 204" in became
    finally:
        assert second.end()[0] == 0

"""A marker in every field that a customer or a merchant can fill; its person is erased: it is nowhere."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from portal.benchmarks.servers import wait_until
from portal.benchmarks.stack import DATABASES, Database, Stack, running
from tests.fakes.mail import MailServer, start_mail_server
from tests.proofs import within
from tests.proofs.programs import Program
from tests.proofs.run import Outcome, Run
from tests.races.shopper import TOKEN, Answer, Shopper

HERE = "tests.proofs.erasure"
MARK = "quillfeather"
NUMBER = "407654321"
"""The number's own digits: a phone number holds no words."""
CODE = "6120984375"
SPOKEN = (MARK, NUMBER, CODE)
FIRST, SECOND = f"aino@{MARK}.example", f"aino@new-{MARK}.example"
STREET = f"{MARK.title()}katu"
PLACES = f"""street,number,postcode,city,lat,lon
{STREET},1,00100,Helsinki,60.1711,24.9411
Testikatu,3,00100,Helsinki,60.1702,24.9404
"""
LINK = re.compile(r"https://[^/\s]+(/l/\S+/)")
DIGITS = re.compile(r"^\s*(\d{3} ?\d{3})\s*$", re.MULTILINE)
WAS = re.compile(r'name="was" value="(\w*)"')
SETTLED_S = 60
EXPECTED = 18
"""So many columns at least are to hold the marker before: else nothing is proven."""


@dataclass
class Found:
    """Where the marker stands: by table and column, file, key of Redis, log."""

    places: Counter[str] = field(default_factory=Counter)

    def said(self) -> str:
        return ", ".join(f"{place} ({count})" for place, count in sorted(self.places.items())) or "nowhere"


def prove(run: Run) -> Outcome:
    """By real pages and the API, on each database; in the short form on SQLite."""
    figures, misses = [], []
    for database in DATABASES[: run.size(2, 1)]:
        figure, missed = _erased(run, database)
        figures.append(f"{database}: {figure}")
        misses += [f"{database}: {miss}" for miss in missed]
        run.say(figures[-1])
    return Outcome("; ".join(figures), tuple(misses))


def _erased(run: Run, database: Database) -> tuple[str, list[str]]:
    """Plant, look, erase, look; return the figure of one database and what falls short."""
    with _portal(run, database) as (stack, mail):
        laid = within.call(stack, f"{HERE}:lay_out")
        stack.start_web()
        stack.start_worker()
        person = Somebody(stack, mail, laid)
        person.leaves_marks()
        _settle(stack)
        within.call(stack, f"{HERE}:write_down")
        before, photos = look(stack), kept_files(stack)
        run.say(f"{database}: planted in {before.said()}")
        person.is_erased()
        _settle(stack)
        after, left = look(stack), kept_files(stack)
        for place in after.places:
            run.say(f"{database}: still in {place}")
        others = within.call(stack, f"{HERE}:others")
        broken = "\n0 breaches" not in stack.manage("check_invariants", check=False)
        remains = within.call(stack, f"{HERE}:on_disk") if database == "postgres" else {}
    for when, count in remains.items():
        run.say(f"{database}: on the disk, {when}: {count}")
    columns = sum("." in place and ":" not in place for place in before.places)
    misses = {
        "the marker was planted in too few columns": columns < EXPECTED,
        f"it is still in {after.said()}": bool(after.places),
        "no photo was kept, or one is left": not photos or bool(left),
        "somebody else lost something": others != [laid["other"]],
        "check_invariants found breaches": broken,
    }
    return (
        f"{sum(before.places.values())} hits in {columns} columns and {len(before.places) - columns} files, "
        f"logs and keys, {photos} photo before; "
        f"{sum(after.places.values())} hits, {left} photos after",
        [miss for miss, true in misses.items() if true],
    )


@contextmanager
def _portal(run: Run, database: Database) -> Iterator[tuple[Stack, MailServer]]:
    """Web, worker and timetable, which log every request; a gazetteer whose street bears the marker."""
    mail, controller = start_mail_server()
    folder = run.folder / database
    folder.mkdir(parents=True)
    gazetteer = folder / "places.csv"
    gazetteer.write_text(PLACES)
    settings = {
        "LOG_LEVEL": "INFO",
        "GAZETTEER_FILE": str(gazetteer),
        "MEDIA_ROOT": str(folder / "media"),
    }
    try:
        with running(
            folder,
            database=database,
            mail_url=f"smtp://{mail.host}:{mail.port}",
            settings=settings,
            forked=run.short,
        ) as stack:
            yield stack, mail
    finally:
        controller.stop()


def _settle(stack: Stack) -> None:
    """Wait until nothing is on its way any more."""
    wait_until(
        lambda: within.call(stack, f"{HERE}:waiting") == 0,
        seconds=SETTLED_S,
        what="events and mails to be done",
        every_s=1,
    )


@dataclass
class Somebody:
    """Who writes the marker wherever they can, as customer and by their shop's program, and is erased."""

    stack: Stack
    mail: MailServer
    laid: Mapping[str, str]

    def __post_init__(self) -> None:
        self.browser = Shopper(self.stack.url, headers=self.stack.headers)
        self.program = Program(self.stack, self.laid["key"])
        self.page = ""

    def leaves_marks(self) -> None:
        """Order, ask, keep, confirm, say how to get in, change the contact."""
        self._is_told_of()
        self._chooses()
        self._asks_by_program()
        self._comes_by_mail()
        self._says_how_to_get_in()
        self._moves_to_another_mailbox()

    def _is_told_of(self) -> None:
        """The shop tells what was bought, and opens its widget for them."""
        item = {name: f"{MARK} {name}" for name in ("sku", "name", "category", "size", "serial_number")}
        item |= {"price_minor": 990, "tags": [MARK], "image_url": f"https://shop.example/{MARK}.jpg"}
        person = {"email": FIRST, "name": f"Aino {MARK}", "phone": f"+358{NUMBER}"}
        order = {"number": "10482", "currency": "EUR", "contact": person, "items": [item]}
        self._posts("/orders", order)
        where = {"line": f"{STREET} 1", "unit": f"B {MARK}", "postcode": "00100", "city": "Helsinki"}
        opened = {"origin": "https://shop.example", "shopper": MARK, "address": where}
        self._posts("/slot-sessions", opened | {"load": {"grams": 100}, "order_number": "10482"})

    def _asks_by_program(self) -> None:
        """A second delivery, booked by the shop; a question nobody came back to."""
        where = {"line": f"{STREET} 1", "unit": MARK, "postcode": "00100", "city": "Helsinki"}
        question = {
            "address": where,
            "location": {"lat": 60.1711, "lon": 24.9411},
            "load": {"grams": 100},
            "shopper": MARK,
            "safe_place": {"place": "porch", "note": f"behind {MARK}"},
        }
        offers = self._posts("/quotes", question)["offers"]
        offer = next(one["offer"] for one in reversed(offers) if one["offer"])
        hold = self._posts("/holds", {"offer": offer})["hold"]
        contact = {"email": SECOND, "name": MARK, "phone": f"+358{NUMBER}"}
        self._posts("/deliveries", {"hold": hold, "order_number": "10483", "contact": contact})

    def _posts(self, path: str, question: dict[str, Any]) -> Any:
        body = json.dumps(question).encode()
        answer = self.program("POST", path, body, Idempotency_Key=f"{MARK}-{path.strip('/')}")
        assert answer.status in (200, 201), (path, answer.status, answer.body[:600])
        return answer.json

    def _chooses(self) -> None:
        """Through the hosted pages: an address, a door, two times, a contact."""
        shop = self.laid["merchant"]
        self.browser.ask(shop, f"{STREET} 1, 00100 Helsinki", unit=f"A {MARK}")
        said = {"outside": "on", "safe_place": "porch", "note": f"under {MARK}", "longer": "3"}
        answer = self.browser.post(f"/s/{shop}/door/", **said)
        self._follows(answer)
        for offer in self.browser.offers()[-2:]:
            self._follows(self.browser.hold(shop, offer))
            self.browser.get(f"/s/{shop}/times/")
        self.browser.get(f"/s/{shop}/check/")
        keeping = re.search(r'name="keeping" value="([^"]+)"', self.browser.page)
        confirmed = self.browser.post(
            f"/s/{shop}/check/",
            email=FIRST,
            mobile=f"+358{NUMBER}",
            order_number="10482",
            keeping=keeping[1] if keeping else "",
        )
        assert confirmed.status == 303, self.browser.page[-2000:]

    def _follows(self, answer: Answer) -> None:
        assert answer.status == 303, (answer.status, self.browser.page[-2000:])
        self.browser.get(answer.location)

    def _comes_by_mail(self) -> None:
        """Another browser, with the link of the mail."""
        self.browser = Shopper(self.stack.url, headers=self.stack.headers, network="203.0.113.7")
        found = LINK.search(self._mail(FIRST, "10482").text)
        assert found is not None
        self.page = self.browser.get(found[1]).location
        assert self.browser.get(self.page).status == 200

    def _says_how_to_get_in(self) -> None:
        self._sends("notes/", buzzer=MARK, floor="7", text=f"ring {MARK}", seen="0")
        neighbour = {"place": "neighbour", "neighbour": MARK, "neighbour_unit": f"B {MARK}"[:20]}
        self._shows_the_place()
        self._sends("place/", **neighbour, note=f"knows {MARK}", keep="on")
        self._shows_code(FIRST)
        self._sends("notes/codes/", gate_code=CODE)
        self._sends("preferences/", quiet_from="22:00", quiet_until="07:00")

    def _shows_the_place(self) -> None:
        """A photo whose name, description and comment bear the marker, sent as a browser does."""
        self.browser.get(self.page + "place/")
        token = TOKEN.search(self.browser.page)
        fields = {"csrfmiddlewaretoken": token[1] if token else "", "place": "porch", "note": MARK}
        answer = sent_with_photo(self.browser, self.page + "place/", fields, photo())
        assert answer.status == 303, (answer.status, self.browser.page[-2000:])

    def _moves_to_another_mailbox(self) -> None:
        self.browser.get(self.page + "contact/")
        was = WAS.search(self.browser.page)
        self._sends("contact/", email=SECOND, mobile=f"+358{NUMBER}", was=was[1] if was else "")

    def is_erased(self) -> None:
        """By their own page, behind the code."""
        self._shows_code(SECOND)
        self._sends("erase/", sure="1")
        assert self.browser.get(self.page).status == 404

    def _sends(self, path: str, **data: str) -> None:
        self.browser.get(self.page + path)
        answer = self.browser.post(self.page + path, **data)
        assert answer.status == 303, (path, answer.status, self.browser.page[-2000:])
        if "/erased/" not in answer.location:
            self.browser.get(self.page)

    def _shows_code(self, mailbox: str) -> None:
        """Type the digits of the newest mail with some, unless they were typed a moment ago."""
        self.browser.get(self.page + "code/")
        if 'name="send"' not in self.browser.page:
            return
        before = len(self.mail.to(mailbox))
        self.browser.post(self.page + "code/", send="1")
        wait_until(lambda: len(self._with_digits(mailbox, before)) > 0, seconds=SETTLED_S, what="digits")
        self.browser.get(self.page + "code/")
        digits = self._with_digits(mailbox, before)[-1].replace(" ", "")
        assert self.browser.post(self.page + "code/", code=digits).status == 303

    def _with_digits(self, mailbox: str, since: int) -> list[str]:
        return [found[1] for mail in self.mail.to(mailbox)[since:] if (found := DIGITS.search(mail.text))]

    def _mail(self, mailbox: str, words: str) -> Any:
        wait_until(
            lambda: any(words in mail.text for mail in self.mail.to(mailbox)),
            seconds=SETTLED_S,
            what=f"a mail about {words}",
        )
        return next(mail for mail in self.mail.to(mailbox) if words in mail.text)


def photo() -> bytes:
    """A small picture that says where and whose it is."""
    about = Image.Exif()
    about[0x010E], about[0x013B] = f"{MARK} at home", MARK  # what it shows, and who took it
    file = BytesIO()
    Image.new("RGB", (640, 480), "brown").save(file, "JPEG", exif=about, comment=MARK.encode())
    assert hits(file.getvalue()) >= 3
    return file.getvalue()


def sent_with_photo(browser: Shopper, path: str, fields: dict[str, str], data: bytes) -> Answer:
    """Send a form with a file in it."""
    edge = "edge-of-a-part"
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{edge}\r\nContent-Disposition: form-data; name="photo"; filename="{MARK}.jpg"\r\n'
    parts += [head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + data + b"\r\n"]
    headers = {"Content-Type": f"multipart/form-data; boundary={edge}", **browser.headers}
    headers |= {"Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items())}
    connection = browser.connect()
    try:
        whole = b"".join(parts) + f"--{edge}--\r\n".encode()
        connection.request("POST", path, whole, headers | {"X-Forwarded-For": browser.network})
        response = connection.getresponse()
        return Answer(response.status, response.read().decode(), response.headers.get("Location", ""))
    finally:
        connection.close()


# Looking


def look(stack: Stack) -> Found:
    """Look into every table, file, log and key."""
    found = Found(Counter(within.call(stack, f"{HERE}:in_tables")))
    found.places.update(within.call(stack, f"{HERE}:in_redis"))
    for path in sorted(stack.folder.rglob("*")):
        inside = path.relative_to(stack.folder)
        if path.is_file() and inside.parts[0] != "data" and path.name != "places.csv":
            found.places.update({f"file:{inside}": hits(path.read_bytes())})
    found.places = +found.places
    return found


def kept_files(stack: Stack) -> int:
    """How many files customers sent are there."""
    return sum(path.is_file() for path in (stack.folder / "media").rglob("*"))


def hits(data: bytes) -> int:
    """How often anything of it stands in some bytes, however it is written."""
    plain = data.lower()
    return sum(plain.count(word.encode()) for word in SPOKEN)


# What runs inside the portal's settings


def lay_out() -> dict[str, str]:
    """A shop with a key, a widget and an endpoint; and somebody else, who is to stay."""
    from portal.models.hooks import WebhookEndpoint
    from portal.models.keys import KeyKind, Scope
    from portal.services.keys import issue_key
    from portal.services.sessions import list_origins
    from scheduling import clock
    from scheduling.models import SlotPattern
    from tests.factories import make_booking, make_network, some_contact

    now = clock.now()
    outlet = make_network(vans=5, days=14, now=now)
    SlotPattern.objects.update(unattended=False)
    merchant = outlet.merchant
    day = outlet.depot.day_plans.order_by("service_date")[3].service_date
    other = make_booking(outlet, now=now, day=day, contact=some_contact(email="other@example.com"))
    list_origins(merchant=merchant, origins=["https://shop.example"])
    WebhookEndpoint.objects.create(
        merchant=merchant, url="https://hooks.shop.example/", created_at=now, created_by="proof"
    )
    key = issue_key(
        merchant=merchant, kind=KeyKind.SECRET, name="proof", scopes=Scope.values, actor="proof", now=now
    )[1]
    return {"merchant": merchant.slug, "key": key, "other": other.delivery.ref}


def waiting() -> int:
    """How many events and mails are on their way."""
    from tests.proofs.shop import waiting

    return waiting()


def write_down() -> None:
    """Have SQLite's journal written into its file, so that the marker stands there too."""
    from portal.services.erasure import empty_journal

    empty_journal()


def others() -> list[str]:
    """The deliveries that still name somebody."""
    from scheduling.models import Delivery

    return list(Delivery.objects.exclude(contact_email="").values_list("ref", flat=True))


def in_tables() -> dict[str, int]:
    """Every table of the database as text, whoever made it; packed sessions unpacked, webhooks as sent."""
    from django.contrib.sessions.models import Session
    from django.db import connection

    from portal.messaging.webhooks import payload_of
    from portal.models import WebhookDelivery

    found: Counter[str] = Counter()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    found[f"{table}.{name}"] += _hits(value)
    for session in Session.objects.all():
        found["django_session.session_data, unpacked"] += _hits(session.get_decoded())
    for delivery in WebhookDelivery.objects.of_everybody().select_related("entry__event__delivery__order"):
        found["webhooks.payload"] += _hits(payload_of(delivery))
    return dict(+found)


def _hits(value: Any) -> int:
    # JSON writes letters beyond ASCII as \u00e4; the marker has none.
    return hits(bytes(value) if isinstance(value, memoryview | bytes) else str(value).encode())


def in_redis() -> dict[str, int]:
    """Every key of Redis, by its beginning, and what it holds."""
    from django.conf import settings
    from redis import Redis

    client, found = Redis.from_url(settings.REDIS_URL), Counter[str]()
    readers = {
        b"string": client.get,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"hash": client.hgetall,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
    }
    for key in client.scan_iter():
        held = readers[client.type(key)](key)
        found[f"redis:{key.decode(errors='replace')[:40]}"] += _hits(key) + _hits(held)
    return dict(+found)


def on_disk() -> dict[str, str]:
    """What PostgreSQL's files still hold: as it is, after VACUUM, and written anew. Told, not asked for."""
    from django.db import connection

    told = {}
    with connection.cursor() as cursor:
        for when, command in (
            ("afterwards", "CHECKPOINT"),
            ("after VACUUM", "VACUUM"),
            ("after VACUUM FULL", "VACUUM FULL"),
        ):
            cursor.execute(command)
            cursor.execute("CHECKPOINT")
            cursor.execute("SHOW data_directory")
            folder = Path(cursor.fetchone()[0])
            rows = sum(hits(path.read_bytes()) for path in (folder / "base").rglob("*") if path.is_file())
            log = sum(hits(path.read_bytes()) for path in (folder / "pg_wal").glob("*") if path.is_file())
            told[when] = f"{rows} in tables, {log} in the write-ahead log"
    return told

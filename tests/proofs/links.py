"""Customers' links over HTTP: followers and scanners change nothing, guesses learn nothing."""

from concurrent.futures import ThreadPoolExecutor
from random import Random

from portal.benchmarks.stack import DATABASES, Database, running
from tests.fakes.mail import start_mail_server
from tests.proofs import lookups, within
from tests.proofs.link_house import CODE, INSIDE, LINK, Found, House
from tests.proofs.link_visitor import Seen, Visitor
from tests.proofs.linked import count_in
from tests.proofs.run import Outcome, Run

WRITES = ("POST", "PUT", "PATCH", "DELETE")
AT_ONCE = 20
NO_SEAL = "/x/"
"""How an address of a picture ends here: what we seal for five minutes stands there, not an x."""
ASKING_IS_KEPT = {"scheduling.quote", "sessions.session"}
"""What looking at other times writes: that somebody asked, and in which browser. Nothing of the delivery."""

SCANNERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) SafeLinks/1.0",
    "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))",
    "Mimecast-URL-Protect/1.0",
    "ProofpointURLDefense/2.0",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "WhatsApp/2.24 A",
    "facebookexternalhit/1.1",
    "Mozilla/5.0 (compatible; Googlebot/2.1)",
    "curl/8.5.0",
    "",
)
GLANCES: tuple[tuple[str, dict[str, str]], ...] = (
    ("GET", {}),
    ("HEAD", {}),
    ("GET", {"Purpose": "prefetch"}),
    ("GET", {"Sec_Purpose": "prefetch;prerender"}),
    ("GET", {"X_Moz": "prefetch"}),
    ("GET", {"HX_Request": "true", "HX_Target": "main"}),
)


def prove(run: Run) -> Outcome:
    """On both databases; in the short form on SQLite alone, with few guesses."""
    said, checks = [], dict[str, bool]()
    for database in DATABASES[: run.size(2, 1)]:
        found = on(run, database)
        said.append(f"{database}: {', '.join(found.figures)}")
        checks = {name: checks.get(name, True) and holds for name, holds in found.checks.items()}
    return Outcome.of("; ".join(said), **checks)


def on(run: Run, database: Database) -> Found:
    """Walk all of it on one database."""
    mail, controller = start_mail_server()
    settings = {"LOG_LEVEL": "INFO", "WEB_CONCURRENCY": str(run.size(2, 1))}
    url = f"smtp://{mail.host}:{mail.port}"
    try:
        with running(
            run.folder / database, database=database, mail_url=url, settings=settings, forked=run.short
        ) as stack:
            laid = within.call(stack, f"{INSIDE}:lay_out", orders=run.size(400, 12))
            stack.start_web()
            house = House(stack, mail, laid, run.random("links"))
            found = Found()
            for part in (follow_links, scanners, codes, wasnt_me, dead_links, guesses, whereabouts):
                part(run, house, found)
                run.say(f"{database}: {part.__name__.replace('_', ' ')}: {found.figures[-1]}")
            return found
    finally:
        controller.stop()


def follow_links(run: Run, house: House, found: Found) -> None:
    """Every way to write behind a link, asked for with a follow link, and with the owner's for comparison."""
    with house.mailing():
        booked = house.next_mail("Booked")
        house.look("wait_for_mails")
    manage, follow, not_me = LINK.findall(booked.text)
    house.laid |= {"manage": manage, "follow": follow, "not-me": not_me}
    before = house.look("rows")
    visitor = Visitor(house.stack, "198.51.100.7").came_by(follow)
    asked = [visitor.ask(method, path) for path in house.laid["routes"] for method in ("GET", *WRITES)]
    refused = sum(seen.status == 403 and seen.says("forbidden") for seen in asked)
    stopped = [visitor.ask(method, f"/not-me/{house.laid['ref']}/").status for method in ("GET", "POST")]
    owner = Visitor(house.stack, "198.51.101.7").came_by(manage)
    pages = [path for path in house.laid["routes"] if not path.endswith(NO_SEAL)]
    let_in = [owner.ask("GET", path).status for path in pages]
    unsealed = [owner.ask("GET", path).status for path in house.laid["routes"] if path not in pages]
    house.rows = house.look("rows")
    changed = changed_between(before, house.rows)
    found.note(
        f"{refused} of {len(asked)} asked by a follow link at {len(house.laid['routes'])} routes 403",
        every_write_by_a_follow_link_403=refused == len(asked) and len(asked) >= 30 and stopped == [404, 404],
        # 405: let in, but nothing is read there.
        owners_get_in=all(status < 400 for status in let_in if status not in (404, 405))
        and let_in.count(200) >= 4,
        pictures_ask_for_their_seal=all(status in (403, 404) for status in unsealed) and len(unsealed) >= 2,
        follow_links_change_nothing=changed <= ASKING_IS_KEPT,
    )


def changed_between(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The models whose rows are others."""
    return {model for model in before.keys() | after.keys() if before.get(model) != after.get(model)}


def scanners(run: Run, house: House, found: Found) -> None:
    """What opens links in mails before their readers do changes no row; nor does opening all pages."""
    links = [house.laid[name] for name in ("manage", "follow", "not-me")]
    before, glances, ends = house.rows, run.size(100, 12), []

    def glance(number: int) -> list[Seen]:
        method, more = GLANCES[number % len(GLANCES)]
        agent = SCANNERS[number % len(SCANNERS)]
        scanner = Visitor(house.stack, f"192.0.{number % 200}.9", agent=agent)
        return scanner.opens(links[number % len(links)], method, **more)

    with ThreadPoolExecutor(2) as pool:  # each link also twice at once
        for number in range(glances // 2):
            ends += [seen[-1] for seen in pool.map(glance, (number, number))]
    changed = changed_between(before, house.look("rows"))
    curious = Visitor(house.stack, "192.0.201.9").came_by(house.laid["manage"])
    pages = [curious.ask(method, path) for path in house.laid["routes"] for method in ("GET", "HEAD")]
    more = changed_between(before, house.look("rows"))
    found.note(
        f"{len(ends)} glances of scanners changed {len(changed)} tables, "
        f"{len(pages)} looks at all pages {len(more - ASKING_IS_KEPT)}",
        scanners_change_nothing=not changed and all(seen.status == 200 for seen in ends),
        looking_changes_nothing=more <= ASKING_IS_KEPT,
    )


def codes(run: Run, house: House, found: Found) -> None:
    """A code lets in the browser that asked, once; of twenty tries at one moment five are judged."""
    owner, forwarded = (
        Visitor(house.stack, f"198.51.{n}.7").came_by(house.laid["manage"]) for n in (102, 103)
    )
    step, sensitive = house.page + "code/", house.laid["sensitive"]
    with house.mailing():
        owner.ask("POST", step, {"send": "1"})
        house.next_mail(CODE)
        digits = house.digits[-1]
        stolen = forwarded.ask("POST", step, {"code": digits})
        wrong = owner.ask("POST", step, {"code": other_than(digits)})
        right = owner.ask("POST", step, {"code": digits})
        let_in = [owner.ask("GET", path).status for path in sensitive]
        kept_out = [forwarded.ask("GET", path) for path in sensitive]
        asked_again = [owner.ask("GET", step).status, forwarded.ask("GET", step).status]
        wishes = [wish_for_next_time(house, visitor) for visitor in (forwarded, owner)]
        guesser = Visitor(house.stack, "198.51.104.7").came_by(house.laid["manage"])
        guesser.ask("POST", step, {"send": "1"})
        house.next_mail(CODE)
        judged, late = guess_at_once(guesser, step, house.digits[-1])
    tries = house.facts()["tries"]
    found.note(
        f"{tries} tries of codes counted, {judged} for {AT_ONCE} at once",
        codes_let_in_who_asked=(wrong.status, right.status) == (422, 303) and asked_again == [303, 200],
        forwarded_links_stay_outside=stolen.status == 409
        and all(seen.status == 303 and seen.header("Location").startswith(step) for seen in kept_out),
        owners_get_what_is_sensitive=all(status < 400 for status in let_in) and len(let_in) >= 4,
        only_owners_keep_for_next_time=wishes == [(step, False), (house.page, True)],
        five_tries_of_twenty_at_once=tries == [2, 5] and late == 409,
    )


def wish_for_next_time(house: House, visitor: Visitor) -> tuple[str, bool]:
    """Say how to get in, next time too; return which page it leads to, and whether it is kept so."""
    seen, _kept = house.look("said_of_getting_in", ref=house.laid["ref"])
    said = {"buzzer": visitor.network, "next_time": "on", "seen": str(seen)}
    answer = visitor.ask("POST", house.page + "notes/", said)
    _seen, kept = house.look("said_of_getting_in", ref=house.laid["ref"])
    return answer.header("Location").partition("?")[0], kept


def other_than(digits: str) -> str:
    """Six other digits."""
    return f"{(int(digits) + 1) % 10**6:06}"


def guess_at_once(guesser: Visitor, step: str, digits: str) -> tuple[dict[int, int], int]:
    """Type twenty wrong codes at one moment, then the right one; return how often each status came."""

    def guess(number: int) -> int:
        typed = f"{(int(digits) + 1 + number) % 10**6:06}"
        return guesser.ask("POST", step, {"code": typed}).status

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = list(pool.map(guess, range(AT_ONCE)))
    counted = {status: statuses.count(status) for status in sorted(set(statuses))}
    return counted, guesser.ask("POST", step, {"code": digits}).status


def wasnt_me(run: Run, house: House, found: Found) -> None:
    """End all links by the one in a mail's foot, twice; a new one comes by mail, and nothing older works."""
    page = f"/not-me/{house.laid['ref']}/"
    thief = Visitor(house.stack, "198.51.105.7").came_by(house.laid["manage"])
    friend = Visitor(house.stack, "198.51.106.7").came_by(house.laid["follow"])
    owner = Visitor(house.stack, "198.51.107.7").came_by(house.laid["not-me"])
    with house.mailing(), ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda _time: owner.ask("POST", page).status, range(2)))
        house.laid["new"] = LINK.findall(house.next_mail("New links").text)
    dead = [thief.ask("GET", path) for path in house.laid["routes"]]
    dead += [thief.ask("POST", path) for path in house.laid["routes"]]
    dead += [friend.ask("GET", f"/f/{house.laid['ref']}/")]
    dead += [Visitor(house.stack).ask("GET", house.laid[name]) for name in ("manage", "follow")]
    again = Visitor(house.stack).opens(house.laid["not-me"])[-1]
    opened = Visitor(house.stack).opens(house.laid["new"][0])[-1]
    facts = house.facts()
    found.note(
        f"after “this wasn’t me” {sum(seen.status == 404 for seen in dead)} of {len(dead)} old ways 404",
        old_links_and_cookies_are_dead=all(seen.status == 404 for seen in dead),
        links_are_ended_once=ended == [303, 303]
        and facts["generations"] == [2, 2]
        and facts["events"].count("links.revoked") == 1,
        who_comes_again_reads_that_it_is_done="All older links have ended" in again.body,
        the_new_link_works=opened.status == 200 and opened.path == house.page,
    )


def dead_links(run: Run, house: House, found: Found) -> None:
    """Forged tokens by the hundred, one long over, and cookies that we did not sign or signed for another."""
    tokens = [forged(token, house.chance) for token in house.secrets for _time in range(run.size(40, 2))]
    tokens += [house.laid["over"]]
    house.secrets.append(house.laid["over"])
    seen = [
        Visitor(house.stack, f"192.0.{number % 250}.20").ask("GET", f"/l/{token}/")
        for number, token in enumerate(tokens)
    ]
    dead = sum(each.status == 404 and not each.header("Set-Cookie") for each in seen)
    visitor = Visitor(house.stack, "198.51.108.7").came_by(house.laid["not-me"])
    (name, value) = next((name, value) for name, value in visitor.cookies.items() if "not-me" in name)
    for ref in (house.laid["ref"], house.laid["other"]):
        visitor.cookies[name.replace("not-me-" + house.laid["ref"], f"delivery-{ref}")] = value
    others = [visitor.ask("GET", f"/d/{house.laid[each]}/").status for each in ("ref", "other")]
    found.note(
        f"{dead} of {len(tokens)} forged and ended links 404",
        forged_and_ended_links_open_nothing=dead == len(tokens) and others == [404, 404],
    )


def forged(token: str, chance: Random) -> str:
    """A token with one sign changed."""
    at = chance.randrange(len(token))
    sign = chance.choice([each for each in "ABCDEFGHabcdefgh0123456789-_" if each != token[at]])
    return token[:at] + sign + token[at + 1 :]


def guesses(run: Run, house: House, found: Found) -> None:
    """Wrong lookups beside right ones; the tenth from one network is refused, whatever it says of itself."""
    times = run.size(1_000, 12)
    compared = lookups.compare(house.stack, house.laid["orders"], times=times, chance=house.chance)
    plain = lookups.refused_at(Visitor(house.stack, "203.0.114.1"))
    rotating = lookups.refused_at(
        Visitor(house.stack, "203.0.115.1"), X_Forwarded_For="10.77.N.1, 192.0.2.N, 203.0.115.1"
    )
    found.note(
        f"{compared.said()}, {compared.kinds} kind of answer, 429 at guess {plain}, rotating at {rotating}",
        answers_are_alike=compared.kinds == 1,
        alike_in_time=run.short or 0.45 < compared.slower < 0.55,
        refused_by_the_tenth=plain == 10,
        rotating_addresses_are_refused_too=rotating == 10,
    )


def whereabouts(run: Run, house: House, found: Found) -> None:
    """Where the tokens and digits that were mailed stand: nowhere that we keep, log or lead to."""
    kept = house.look("kept", secrets=house.secrets, digits=house.digits)
    said = house.stack.web.said() + house.stack.worker.said()
    logged = count_in(said, house.secrets, house.digits)
    files = sum(
        any(secret.encode() in path.read_bytes() for secret in house.secrets)
        for path in house.stack.folder.rglob("*")
        if path.is_file()
    )
    ways = [
        Visitor(house.stack, "198.51.109.7").opens(link)
        for link in (*house.laid["new"], house.laid["not-me"])
    ]
    seen = [each for way in ways for each in way]
    later = [each.header("Location") for each in seen] + [each.path for way in ways for each in way[1:]]
    told = count_in("\n".join(later), house.secrets, [])
    found.note(
        f"{len(house.secrets)} tokens and {len(house.digits)} codes: {sum(kept.values())} in dump, sessions "
        f"and Redis, {logged} in logs ({len(said) // 1000} kB), {files} files, {told} in later addresses",
        kept_nowhere=not any(kept.values()) and not files,
        logged_nowhere=not logged and "/l/" in said,
        in_no_later_address_or_referer=not told and len(later) >= 8 and refer_nothing(seen),
        something_was_looked_for=len(set(house.secrets)) >= 7 and len(house.digits) == 2,
    )


def refer_nothing(seen: list[Seen]) -> bool:
    """Whether answers at addresses with a token tell browsers to say nothing of them to the next."""
    with_token = [each for each in seen if each.path.startswith("/l/")]
    return bool(with_token) and all(
        each.header("Referrer-Policy") == "no-referrer"
        and "no-store" in each.header("Cache-Control")
        and "noindex" in each.header("X-Robots-Tag")
        for each in with_token
    )

"""Every proof by its name, in the order in which `make prove` runs them."""

from tests.proofs import (
    backhaul,
    clocks,
    control,
    deployed,
    erasure,
    imports,
    injected,
    kill_solver,
    kill_web,
    kill_worker,
    last_places,
    links,
    outages,
    outbox,
    pages,
    positions,
    privacy,
    programs,
    quotes,
    reschedules,
    rolling,
    state_machine,
    survival,
    tenants,
    webhooks,
)
from tests.proofs.run import Proof

PROOFS = {
    proof.name: proof
    for proof in (
        Proof(
            "race",
            "64 shoppers want 50 places at the same moment, over HTTP, on PostgreSQL",
            "0 over, 0 unsold, p95 < 450 ms",
            last_places.on_postgres,
        ),
        Proof(
            "sqlite-race",
            "64 shoppers want 50 places at the same moment, over HTTP, on SQLite",
            '0 over, 0 unsold, 0 "locked", p95 < 2 s',
            last_places.on_sqlite,
        ),
        Proof(
            "kill-web",
            "the web is killed 100 times on each database while shoppers book, move and cancel",
            "0 acknowledged changes lost, check_invariants 0",
            kill_web.prove,
        ),
        Proof(
            "kill-worker",
            "the worker is killed 100 times while shoppers book, move and cancel and are told by mail",
            "each effect once, a mail repeated at most once per kill with the same id, resumed < 60 s",
            kill_worker.prove,
        ),
        Proof(
            "outbox",
            "2,000 events go out by mail and SMS: the worker is killed 100 times, the broker away 5 minutes, "
            "the mail server refuses half",
            "2,000 distinct Message-IDs by each channel, duplicates <= kills",
            outbox.prove,
        ),
        Proof(
            "kill-solver",
            "the worker is killed 50 times while it improves routes, or takes what it found",
            "whole swaps or none, no promise moved, check_invariants 0, the killed runs taken over",
            kill_solver.prove,
        ),
        Proof(
            "survival",
            "64 shoppers come back to times shown 2 and 10 minutes ago; routes are improved all the time",
            "0 promises broken; of times 2 / 10 min old >= 99 / 95 % granted",
            survival.prove,
        ),
        Proof(
            "webhooks",
            "10,000 events are told to targets that fail half the time",
            "all delivered, 0 false successes",
            webhooks.webhooks,
        ),
        Proof(
            "dead-target",
            "one of the shops’ targets takes connections and never answers",
            "the others’ p95 grows < 10 %",
            webhooks.dead_target,
        ),
        Proof(
            "database",
            "PostgreSQL is restarted 10 times, half of them as after a crash, while shoppers go on",
            "0 acknowledged changes lost, a time can be held < 15 s after each start",
            outages.database,
        ),
        Proof(
            "broker",
            "Redis is away for 5 minutes and comes back empty; no other process is touched",
            "0 requests failed, 0 events lost, p95 < 1 s meanwhile, the mails < 60 s after",
            outages.broker,
        ),
        Proof(
            "rolling",
            "web and worker are restarted 10 times under load, with and without kept connections",
            "0 requests failed, 0 effects lost",
            rolling.prove,
        ),
        Proof(
            "deployed",
            "production's own processes walked in a real browser, by phone and at a desk, on each database",
            "every journey to its last mail, 0 complaints of the browser",
            deployed.prove,
        ),
        Proof(
            "pages",
            "every page of the address map by axe and by keys alone, 320 to 1280 px, light, dark, mirrored",
            "0 faults, every task by keys alone",
            pages.prove,
        ),
        Proof(
            "control",
            "the same races without the row lock, the recheck under it and what would hide it",
            "oversells at least 1 on each database, and the invariants notice",
            control.control,
        ),
        Proof(
            "injected",
            "competing changes let in at the vulnerable steps of every change, on both databases",
            "at least 15 points, 0 wrong",
            injected.injected,
        ),
        Proof(
            "reschedule",
            "32 processes move the same 4 bookings between 2 times while routes are improved all the time",
            "never 0 or 2 booked stops, on both databases",
            reschedules.prove,
        ),
        Proof(
            "state-machine",
            "shoppers, customers, shops, dispatch and the clock do whatever they may, in random orders",
            "2,000 runs x 50 steps, 0 breaches",
            state_machine.state_machine,
        ),
        Proof(
            "idempotency",
            "50 send one change with one idempotency key at the same moment, 100 times, on each database",
            "100 effects, all answered alike",
            programs.idempotency,
        ),
        Proof(
            "api",
            "schemathesis makes requests of the API's own description",
            "20,000 cases, 0 5xx, 0 answers but as described",
            programs.api,
        ),
        Proof(
            "malformed",
            "damaged JSON is sent to every address that takes some",
            "5,000 bodies, 0 5xx, 0 effects",
            programs.malformed,
        ),
        Proof(
            "tenants",
            "strangers ask for a shop's rows at every address, by every method",
            "every route, 0 leaks",
            tenants.tenants,
        ),
        Proof(
            "privacy",
            "a customer, a friend and the shop look at every address while the van comes, and afterwards",
            "no place at stop 4, rounded at 3, none once it is there; never another's place or name: 0 leaks",
            privacy.privacy,
        ),
        Proof(
            "links",
            "follow links, scanners, guesses; links that are forged, over, forwarded or ended; over HTTP",
            "every write 403, 0 changes, alike in body and time, 429 by the 10th, kept and logged nowhere",
            links.prove,
        ),
        Proof(
            "erasure",
            "a marker is written into every field there is, then its person is erased by their own page",
            "0 hits in tables, files, keys and logs, check_invariants 0",
            erasure.prove,
        ),
        Proof(
            "backhaul",
            "returns are fetched on streets that vans serve anyway, on both databases, and the days are "
            "driven; then booking days of which every fifth stop is a pickup",
            "< 5 % of a trip of its own, load right on every leg, 0 promises broken",
            backhaul.backhaul,
        ),
        Proof(
            "import",
            "100,000 lines of orders come in by a list: with a bad line, killed half-way, and once more",
            "< 60 s, < 400 MB, all or nothing, no order half, repeated without duplicates",
            imports.prove,
        ),
        Proof(
            "clocks",
            "local days, windows, cut-offs and horizon against the C library's clock, minute by minute",
            "8 zones x 4 years, 0 mismatches",
            clocks.clocks,
        ),
        Proof(
            "positions",
            "fixes come late, twice, shuffled, by wrong clocks, with leaps, from several at once",
            "100,000 fixes, 0 wrong, >= 1,000 a second on PostgreSQL",
            positions.positions,
        ),
        Proof(
            "quotes",
            "20 quotes a second for 10 minutes, and a hold after every tenth, on the demo's data",
            "p95 < 60 ms, 0 errors, on both databases",
            quotes.quotes,
        ),
    )
}

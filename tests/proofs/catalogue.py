"""Every proof by its name, in the order in which `make prove` runs them."""

from tests.proofs import clocks, control, injected, last_places, quotes
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
            "clocks",
            "local days, windows, cut-offs and horizon against the C library's clock, minute by minute",
            "8 zones x 4 years, 0 mismatches",
            clocks.clocks,
        ),
        Proof(
            "quotes",
            "20 quotes a second for 10 minutes, and a hold after every tenth, on the demo's data",
            "p95 < 60 ms, 0 errors, on both databases",
            quotes.quotes,
        ),
    )
}

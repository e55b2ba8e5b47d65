"""A hundred thousand lines of orders: quickly, in little memory, all or none, killed, repeated."""

import json
import os
import resource
import signal
from pathlib import Path
from time import monotonic
from typing import Any

from portal.benchmarks.stack import DATABASES, Database, Stack, running
from tests.proofs import within
from tests.proofs.run import Outcome, Run

HERE = "tests.proofs.imports"
LINES, SHORT_LINES = 100_000, 900
PER_ORDER = 3
MOST_S, MOST_MB = 60, 400
ENCODING = "cp1252"
HEAD = (
    "order;placed_at;email;name;phone;sku;item;price;quantity;tax;discount;category;tags;"
    "weight_g;size;final_sale;serial_number;payment;paid"
)


def prove(run: Run) -> Outcome:
    """On both databases, in fresh processes; in the short form fewer lines, on SQLite."""
    figures, misses = [], []
    for database in DATABASES[: run.size(2, 1)]:
        outcome = _on(run, database)
        figures.append(f"{database}: {outcome.figures}")
        misses += [f"{database}: {miss}" for miss in outcome.misses]
        run.say(figures[-1])
    return Outcome("; ".join(figures), tuple(misses))


def _on(run: Run, database: Database) -> Outcome:
    lines = run.size(LINES, SHORT_LINES)
    orders = lines // PER_ORDER
    good, bad = run.folder / f"{database}-good.csv", run.folder / f"{database}-bad.csv"
    good.write_text(a_list(orders), encoding=ENCODING)
    bad.write_text(a_list(orders) + f"{orders + 1};;nobody;;;S;Thing;1;;;;;;;;;;;\n", encoding=ENCODING)
    with running(run.folder / database, database=database, forked=run.short) as stack:
        refused = bring(stack, bad, shop="refused")
        whole = bring(stack, good, shop="whole", fresh=not run.short)
        again = bring(stack, good, shop="whole")
        killed = bring(stack, good, shop="killed", dies_after=orders * 3 // 4)
        rest = bring(stack, good, shop="killed", goes_on=True)
    expected = [orders, orders * PER_ORDER, orders]
    return Outcome.of(
        f"{lines:,} lines in {whole['seconds']:.1f} s and {whole['mb']:.0f} MB; again "
        f"{again['seconds']:.1f} s: {again['added']} added; killed with {killed['rows'][0]:,} orders "
        f"there, then {rest['rows'][0]:,}",
        a_bad_line_leaves_nothing=refused["rows"] == [0, 0, 0] and refused["bad"] == 1,
        all_of_it_is_there=whole["rows"] == expected,
        repeated_without_duplicates=again["rows"] == expected and again["added"] == 0,
        killed_between_whole_orders=0 < killed["rows"][0] < orders
        and killed["rows"][1] == PER_ORDER * killed["rows"][0],
        gone_on_with_to_the_end=rest["rows"] == expected,
        quick_enough=run.short or max(whole["seconds"], again["seconds"]) < MOST_S,
        little_memory=whole["mb"] < MOST_MB,
    )


def a_list(orders: int) -> str:
    """Return so many orders of three lines, with letters and formulas in their cells."""
    rows = [HEAD]
    for number in range(1, orders + 1):
        for line in range(1, PER_ORDER + 1):
            rows.append(
                f"{number};2026-11-{1 + number % 28:02};kunde{number}@example.com;Jörg Müßig;+4930{12345678};"
                f"SKU-{number % 997}-{line};=SUM(A1) Küche {line};{10 + line},90;{line};1,20;0;"
                f"{'Kleidung' if line % 2 else 'Küche'};neu|rot;{100 * line};M;no;;pi_{number};{77.40:.2f}"
            )
    return "\n".join(rows) + "\n"


def bring(stack: Stack, file: Path, *, fresh: bool = False, **how: Any) -> dict[str, Any]:
    """Take a file in, in a process of its own; return its figures, or the rows of one that died."""
    arguments = ("-m", "tests.proofs.within", f"{HERE}:take_in", json.dumps({"path": str(file)} | how))
    said = (stack.python if fresh else stack.run)(*arguments, check=False)
    if how.get("dies_after"):
        return {"rows": within.call(stack, f"{HERE}:rows_of", shop=how["shop"])}
    return dict(json.loads(said.splitlines()[-1]))


def take_in(path: str, shop: str, dies_after: int = 0, goes_on: bool = False) -> dict[str, Any]:
    """Within a portal's settings: take in a file, or go on with the one that is there."""
    from scheduling import clock
    from scheduling.models import Merchant, OrderImport
    from scheduling.services import order_imports

    merchant, _new = Merchant.objects.get_or_create(slug=shop, defaults={"name": shop})
    began = monotonic()
    if goes_on:
        row = OrderImport.objects.get(merchant=merchant, ended_at=None)
    else:
        row = order_imports.begin_import(
            merchant=merchant, content=Path(path).read_bytes(), name="a.csv", actor="proof", now=clock.now()
        )
    if dies_after:
        _die_after(order_imports, dies_after)
    while not order_imports.run_import(row.pk, now=clock.now()):
        pass
    row.refresh_from_db()
    return {
        "seconds": monotonic() - began,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "added": row.added,
        "bad": row.bad_count,
        "rows": rows_of(shop),
    }


def _die_after(module: Any, orders: int) -> None:
    """Have this process killed within the transaction that would pass so many orders."""
    make = module.items_of

    def items_of(order: Any, bought: Any) -> Any:
        if int(bought.number) > orders:
            os.kill(os.getpid(), signal.SIGKILL)
        return make(order, bought)

    module.items_of = items_of


def rows_of(shop: str) -> list[int]:
    """Within a portal's settings: how many orders, lines and payments a shop has."""
    from scheduling.models import Order, OrderItem, OrderPayment

    return [
        Order.objects.filter(merchant__slug=shop, told_at__isnull=False).count(),
        OrderItem.objects.filter(order__merchant__slug=shop).count(),
        OrderPayment.objects.filter(order__merchant__slug=shop).count(),
    ]

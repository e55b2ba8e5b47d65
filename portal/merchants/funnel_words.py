"""A funnel in words and in rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from scheduling.kinds import NONE, SlotKind
from scheduling.selectors.funnel import STEPS, Channel, Figures, Funnel

KINDS: Final[dict[SlotKind, tuple[str | Promise, str | Promise]]] = {
    SlotKind.POINTED_OUT: (gettext_lazy("Pointed out"), gettext_lazy("little driving added")),
    SlotKind.USUAL: (gettext_lazy("Usual"), ""),
    SlotKind.FLEXIBLE: (gettext_lazy("Flexible"), gettext_lazy("exact the evening before")),
    SlotKind.UNATTENDED: (gettext_lazy("Left outside"), gettext_lazy("nobody needs to be at home")),
    NONE: (gettext_lazy("Earlier"), gettext_lazy("booked before kinds were kept")),
}
CODES: Final = {
    SlotKind.POINTED_OUT: "pointed_out",
    SlotKind.USUAL: "usual",
    SlotKind.FLEXIBLE: "flexible",
    SlotKind.UNATTENDED: "unattended",
    NONE: "not_kept",
}
CHANNELS: Final[dict[Channel, str | Promise]] = {
    Channel.HOSTED: gettext_lazy("Our page"),
    Channel.WIDGET: gettext_lazy("Widget"),
    Channel.API: gettext_lazy("API"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: how many came how far, and how many of 100 who saw it booked it."""

    name: str
    hint: str
    counts: list[str]
    share: str


@dataclass(frozen=True, slots=True)
class Told:
    """All that the page says. `headline` is empty where nobody asked for times."""

    headline: str
    left: list[str]
    kinds: list[Row]
    channels: list[Row]
    total: Row
    adds_up: list[str]


def told(funnel: Funnel) -> Told:
    """Return a funnel for reading."""
    kinds = [*SlotKind, *([NONE] if funnel.of_kind(NONE).confirmed else [])]
    return Told(
        headline=headline(funnel),
        left=list(where_they_left(funnel)) if funnel.total.seen else [],
        kinds=[_row(*KINDS[kind], funnel.of_kind(kind)) for kind in kinds],
        channels=[_row(CHANNELS[channel], "", funnel.channels[channel]) for channel in Channel],
        total=_row(_("All, each once"), "", funnel.total),
        adds_up=list(adds_up(funnel)),
    )


def headline(funnel: Funnel) -> str:
    """Return the one sentence, empty where nobody asked."""
    if not funnel.asked:
        return ""
    total = funnel.total
    if not total.seen:
        return _("Nobody who asked found a time.")
    sentence = ngettext(
        "%(booked)s of %(seen)s shopper who saw times booked one.",
        "%(booked)s of %(seen)s shoppers who saw times booked one.",
        total.seen,
    )
    return sentence % {"booked": number(total.confirmed), "seen": number(total.seen)}


def where_they_left(funnel: Funnel) -> Iterator[str]:
    """Yield how many went no further than each step; who found no time at all comes last."""
    total = funnel.total
    looked, refused = total.seen - total.chose, total.chose - total.held
    if looked:
        sentence = ngettext("%(n)s looked and chose none.", "%(n)s looked and chose none.", looked)
        yield sentence % {"n": number(looked)}
    if refused:
        sentence = ngettext(
            "%(n)s chose one that had just gone.", "%(n)s chose one that had just gone.", refused
        )
        yield sentence % {"n": number(refused)}
    if kept := total.held - total.confirmed:
        sentence = ngettext("%(n)s kept one and did not book.", "%(n)s kept one and did not book.", kept)
        yield sentence % {"n": number(kept)}
    if funnel.nothing:
        sentence = ngettext(
            "%(n)s more asked and found no time at all.",
            "%(n)s more asked and found no time at all.",
            funnel.nothing,
        )
        yield sentence % {"n": number(funnel.nothing)}


def adds_up(funnel: Funnel) -> Iterator[str]:
    """Yield how what is booked stands beside the bookings, which are counted on their own."""
    sentence = ngettext(
        "Your customers made %(n)s booking in these days, and %(same)s is booked above.",
        "Your customers made %(n)s bookings in these days, and %(same)s are booked above.",
        funnel.booked,
    )
    yield sentence % {"n": number(funnel.booked), "same": number(funnel.total.confirmed)}
    if funnel.cancelled:
        sentence = ngettext(
            "%(n)s of them has been cancelled since.",
            "%(n)s of them have been cancelled since.",
            funnel.cancelled,
        )
        yield sentence % {"n": number(funnel.cancelled)}
    if funnel.joined:
        sentence = ngettext(
            "%(n)s more order came with a delivery booked before: no time was chosen for it.",
            "%(n)s more orders came with a delivery booked before: no time was chosen for them.",
            funnel.joined,
        )
        yield sentence % {"n": number(funnel.joined)}


def number(count: int) -> str:
    """Return a count as people write it."""
    return number_format(count, force_grouping=True)


def _row(name: str | Promise, hint: str | Promise, found: Figures) -> Row:
    counts = [number(getattr(found, step)) for step in STEPS]
    share = _("%(percent)d%%") % {"percent": round(100 * found.confirmed / found.seen)} if found.seen else "–"
    return Row(str(name), str(hint), counts, share)


def csv_rows(funnel: Funnel) -> Iterator[list[object]]:
    """Yield the rows of the table for programs: codes and counts. Baskets of all kinds stand at `any`."""
    yield ["first", "last", "channel", "kind", *STEPS]
    days = [funnel.first.isoformat(), funnel.last.isoformat()]
    for channel in Channel:
        for kind in (*SlotKind, NONE):
            found = funnel.cells.get((channel, kind), Figures())
            yield [*days, channel.value, CODES[kind], *(getattr(found, step) for step in STEPS)]
        found = funnel.channels[channel]
        yield [*days, channel.value, "any", *(getattr(found, step) for step in STEPS)]
    yield [*days, "any", "joined", "", "", "", "", funnel.joined]

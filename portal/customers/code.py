"""The step before what is sensitive: six digits, sent to the contact on file.

`require_code` stands below `require_manage`. A page behind it is reached only after the code, so that nobody
types into a form which can't be sent. Where the quarter of an hour ran out meanwhile, what was typed travels
along in the step's own form, and nowhere else: we keep none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from portal.access import require_manage
from portal.codes import channels_to, code_of, is_let_in, masked_way, remember_code
from portal.customers import words
from portal.customers.bookings import order_note
from portal.customers.forms import CodeForm
from portal.customers.pages import Notice, show
from portal.http import redirect_page, too_many
from portal.messaging.facts import booking_of, zone_of
from portal.models.messages import Channel
from portal.services.codes import Verdict, ask_code, try_code
from portal.throttle import Limit, network_of, take
from scheduling import clock
from scheduling.errors import DomainError

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import Promise

    from portal.models import AccessLink

PAGE = "customers/booking/code.html"
PER_NETWORK: Final = Limit("codes-sent-network", times=20, per_s=3600)
TYPED: Final = "typed:"
"""How fields begin that carry what was typed on another page."""
NEVER_CARRIED: Final = {"code", "pin", "password"}
"""A field with such a word in its name is not shown again, to nobody."""
LEFT_OUT: Final = "left_out"
P = ParamSpec("P")

REFUSED: Final[dict[Verdict, tuple[str | Promise, str | Promise]]] = {
    Verdict.USED_UP: (
        gettext_lazy("Five tries were wrong"),
        gettext_lazy("That code works no more. Have another one sent, and type it once it is there."),
    ),
    Verdict.EXPIRED: (
        gettext_lazy("That code is too old"),
        gettext_lazy("Codes work for ten minutes. Have another one sent."),
    ),
    Verdict.USED: (
        gettext_lazy("That code was used already"),
        gettext_lazy("Each code works once. Have another one sent."),
    ),
}

CodeView = Callable[Concatenate[HttpRequest, "AccessLink", P], HttpResponse]


def require_code(view: CodeView[P]) -> CodeView[P]:
    """Serve a page to who has typed the contact's code in this browser, others the step where they can.

    Goes below `require_manage`: it gets the link. What a form brought is carried along, except files and
    fields whose names hold a word of NEVER_CARRIED: in those, nothing typed must mean that nothing changes.
    """

    @wraps(view)
    def guarded(request: HttpRequest, link: AccessLink, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        now = clock.now()
        if is_let_in(code_of(request, link), now=now):
            return view(request, link, *args, **kwargs)
        if request.method in ("GET", "HEAD"):
            step = reverse("customers:code", args=[link.delivery.ref])
            return redirect_page(request, f"{step}?next={request.path}")
        typed = typed_in(request)
        return Step(request, link, now, request.path, typed).show(notice=ran_out(typed), status=403)

    guarded.asks_code = True  # type: ignore[attr-defined]
    return may_ask_code(guarded)


def may_ask_code(view: CodeView[P]) -> CodeView[P]:
    """Let the step lead back to a page some of whose changes ask for a code (see `has_typed_code`)."""
    view.follows_code = True  # type: ignore[attr-defined]
    return view


def has_typed_code(request: HttpRequest, link: AccessLink) -> bool:
    """Whether the contact's code was typed in this browser, a quarter of an hour ago at most."""
    return is_let_in(code_of(request, link), now=clock.now())


def after_keeping(request: HttpRequest, link: AccessLink, *, wished: bool) -> HttpResponse:
    """Lead back to the booking; who wished to keep something for next time without a code, to the step.

    What was changed is changed. For later deliveries it counts once whoever wished it has shown that the
    mail address is theirs: anybody can book in somebody else's name.
    """
    ref = link.delivery.ref
    if not wished or has_typed_code(request, link):
        return redirect_page(request, "customers:booking", ref)
    return redirect_page(request, f"{reverse('customers:code', args=[ref])}?next={request.path}")


def ran_out(typed: dict[str, list[str]]) -> Notice:
    """Say that nothing was changed yet, and what has to be typed again."""
    sentence = _("Nothing was changed yet. Have another code sent first.")
    if LEFT_OUT in typed:
        sentence = f"{sentence} {_('Then add codes and photos again: we show those to nobody.')}"
    return Notice(_("Your code has run out"), sentence)


def typed_in(request: HttpRequest) -> dict[str, list[str]]:
    """Return what a form brought that may be shown again, and whether anything else was left out."""
    fields = {name: request.POST.getlist(name) for name in request.POST if name != "csrfmiddlewaretoken"}
    secret = {name for name in fields if NEVER_CARRIED & set(name.lower().replace("-", "_").split("_"))}
    left_out = bool(request.FILES) or any(any(fields[name]) for name in secret)
    shown = {f"{TYPED}{name}": values for name, values in fields.items() if name not in secret}
    return shown | ({LEFT_OUT: ["1"]} if left_out else {})


def carried_by(request: HttpRequest) -> dict[str, list[str]]:
    """Return what the step's own form carries of another."""
    names = [name for name in request.POST if name.startswith(TYPED) or name == LEFT_OUT]
    return {name: request.POST.getlist(name) for name in names}


def onward(path: str, ref: str) -> str:
    """Return `path` if it is of a page of this delivery that may ask for a code; else the booking's."""
    try:
        match = resolve(path)
    except Resolver404:
        return reverse("customers:booking", args=[ref])
    if match.kwargs.get("ref") != ref or not getattr(match.func, "follows_code", False):
        return reverse("customers:booking", args=[ref])
    return reverse(match.view_name, args=match.args, kwargs=match.kwargs)


@require_manage
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest, link: AccessLink) -> HttpResponse:
    """Say where a code goes; send it; judge what is typed, and lead on to where its reader was going."""
    now = clock.now()
    asked_for = request.POST.get("next", "") or request.GET.get("next", "")
    step = Step(request, link, now, onward(asked_for, link.delivery.ref), carried_by(request))
    if request.method != "POST":
        return step.go_on() if is_let_in(step.code, now=now) else step.show()
    return step.send() if "send" in request.POST else step.judge()


class Step:
    """One request to the step: by which link, where to afterwards, and what is carried along."""

    def __init__(
        self, request: HttpRequest, link: AccessLink, now: datetime, to: str, typed: dict[str, list[str]]
    ) -> None:
        self.request, self.link, self.now, self.to, self.typed = request, link, now, to, typed
        self.code = code_of(request, link)

    def send(self) -> HttpResponse:
        """Have a code sent, and ask for it. Without anything to carry, reloading sends no other."""
        if wait_s := take(PER_NETWORK, network_of(self.request), now=self.now):
            return too_many(self.request, retry_after_s=wait_s)
        try:
            by = self.request.POST.get("by", "")
            self.code = ask_code(link=self.link, now=self.now, by=by)
        except DomainError as error:
            return self.show(notice=Notice(_("No code was sent"), str(error)), status=409)
        remember_code(self.request, self.code, ref=self.link.delivery.ref)
        if self.typed:
            return self.show()
        step = reverse("customers:code", args=[self.link.delivery.ref])
        return redirect_page(self.request, f"{step}?next={self.to}")

    def judge(self) -> HttpResponse:
        """Judge what was typed. A double click on what was right goes on as well."""
        form = CodeForm(self.request.POST)
        if is_let_in(self.code, now=self.now):
            return self.go_on()
        if self.code is None:
            nothing = _("This browser has asked for no code, or its link was replaced since. Have one sent.")
            return self.show(notice=Notice(_("There is no code to compare with"), nothing), status=409)
        if not form.is_valid():
            return self.show(form=form, status=422)
        judged = try_code(code=self.code, link=self.link, typed=form.cleaned_data["code"], now=self.now)
        if judged.verdict is Verdict.RIGHT or is_let_in(self.code, now=self.now):
            return self.go_on()
        if judged.verdict is Verdict.WRONG:
            form.add_error("code", wrong(judged.left))
            return self.show(form=form, status=422)
        title, sentence = REFUSED[judged.verdict]
        return self.show(notice=Notice(str(title), str(sentence)), status=409)

    def go_on(self) -> HttpResponse:
        """Lead on, or offer to send what was typed before."""
        carries = any(name.startswith(TYPED) for name in self.typed)
        return self.show(passed=True) if carries else redirect_page(self.request, self.to)

    def show(
        self,
        *,
        form: CodeForm | None = None,
        notice: Notice | None = None,
        passed: bool = False,
        status: int = 200,
    ) -> HttpResponse:
        """Show the step: sending, typing, or what was typed before."""
        delivery, code = self.link.delivery, self.code
        waits = code is not None and code.may_be_tried(now=self.now)
        ways = channels_to(delivery)
        way = Channel(code.channel) if waits and code else next(iter(ways), None)
        others = [each for each in ways if each != way]
        context: dict[str, Any] = {
            "form": form or CodeForm(),
            "notice": notice,
            "passed": passed,
            "waits": waits,
            "until": self.until() if waits else "",
            "address": masked_way(delivery, way) if way else "",
            "reachable": way is not None,
            "way": way or "",
            "others": [(each, masked_way(delivery, each)) for each in others],
            "carried": [(name, value) for name, values in self.typed.items() for value in values],
            "again": [
                (name.removeprefix(TYPED), value)
                for name, values in self.typed.items()
                for value in values
                if name.startswith(TYPED)
            ],
            "left_out": LEFT_OUT in self.typed,
            "next": self.to,
            "ref": delivery.ref,
            "brand_note": order_note(delivery),
        }
        return show(self.request, delivery.merchant, PAGE, context, status=status)

    def until(self) -> str:
        """Return until when the code works, on the clock where it is delivered."""
        zone = zone_of(booking_of(self.link.delivery))
        return words.clock_time(self.code.ends_at.astimezone(zone)) if self.code else ""


def wrong(left: int) -> str:
    """Say how many tries are left."""
    sentence = ngettext(
        "That is not the code. %(count)d try is left.",
        "That is not the code. %(count)d tries are left.",
        left,
    )
    return sentence % {"count": left}

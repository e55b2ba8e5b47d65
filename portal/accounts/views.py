"""Staff come in and go."""

from datetime import datetime
from typing import Final

from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts.forms import SignInForm
from portal.http import redirect_page, render_page, too_many
from portal.models.people import Role, tidy_email
from portal.staff import depots_of, memberships_for, require_staff
from portal.throttle import Limit, network_of, take_all
from scheduling import clock

PER_NETWORK: Final = Limit("sign-in-network", times=30, per_s=900)
PER_ACCOUNT: Final = Limit("sign-in-account", times=10, per_s=900)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask who it is, and send them on to where they wanted to go."""
    form = SignInForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return _show(request, form, status=422 if request.method == "POST" else 200)
    wait_s = _wait_s(request, form.cleaned_data["email"], now=clock.now())
    if wait_s:
        return too_many(request, retry_after_s=wait_s)
    user = authenticate(request, username=form.cleaned_data["email"], password=form.cleaned_data["password"])
    if user is None:
        form.add_error(None, _("That address and password do not go together. Please try again."))
        return _show(request, form, status=422)
    login(request, user)
    return redirect_page(request, _next(request) or "staff")


def _wait_s(request: HttpRequest, email: str, *, now: datetime) -> int:
    return take_all((PER_NETWORK, network_of(request)), (PER_ACCOUNT, tidy_email(email)), now=now)


def _show(request: HttpRequest, form: SignInForm, *, status: int) -> HttpResponse:
    context = {"form": form, "next": _next(request)}
    return render_page(request, "accounts/sign_in.html", context=context, status=status)


def _next(request: HttpRequest) -> str:
    """Return where they wanted to go, if that is one of our own pages."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    own = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if own else ""


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect_page(request, "sign-in")


@require_safe
@require_staff
def home(request: HttpRequest) -> HttpResponse:
    """Show for whom they work, and the way there."""
    memberships = memberships_for(request.user)
    context = {
        "memberships": memberships,
        "depots": depots_of(request.user).order_by("name"),
        "shops": [one.merchant for one in memberships if one.merchant and one.role == Role.MANAGER],
    }
    return render_page(request, "accounts/home.html", context=context)

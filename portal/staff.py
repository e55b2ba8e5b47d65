"""Who may: staff. It hangs on memberships; others' depots and shops do not exist for them (404)."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from portal.models.people import Membership, Role, User
from scheduling.models import Depot, Merchant

Somebody = User | AnonymousUser
DEPOT_WRITERS: Final = frozenset({Role.MANAGER, Role.DISPATCHER})
MERCHANT_WRITERS: Final = frozenset({Role.MANAGER, Role.RETURNS_DESK})
P = ParamSpec("P")
GuardedView = Callable[..., HttpResponse]


def memberships_for(user: Somebody) -> list[Membership]:
    """Return what a person does for whom, operators first. One query; none for who is not signed in."""
    rows = _memberships(user).select_related("operator", "depot", "merchant")
    return sorted(rows, key=lambda row: (row.operator is None, row.depot is None, str(row)))


def _memberships(user: Somebody) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user) if isinstance(user, User) else Membership.objects.none()


def depots_of(user: Somebody) -> QuerySet[Depot]:
    """Return the depots where a person works: their own, and all of an operator they work for."""
    mine = _memberships(user)
    return Depot.objects.filter(
        Q(pk__in=mine.filter(depot__isnull=False).values("depot"))
        | Q(operator__in=mine.filter(operator__isnull=False).values("operator"))
    )


def merchants_of(user: Somebody) -> QuerySet[Merchant]:
    """Return the merchants that a person works for."""
    mine = _memberships(user).filter(merchant__isnull=False)
    return Merchant.objects.filter(pk__in=mine.values("merchant"))


def roles_at(user: Somebody, *, depot: Depot) -> set[str]:
    """Return a person's roles at a depot, those for its operator included. One query."""
    there = Q(depot=depot) | Q(operator=depot.operator_id)
    return set(_memberships(user).filter(there).values_list("role", flat=True))


def roles_for(user: Somebody, *, merchant: Merchant) -> set[str]:
    """Return a person's roles for a merchant. One query."""
    return set(_memberships(user).filter(merchant=merchant).values_list("role", flat=True))


def members_at(depot: Depot) -> list[Membership]:
    """Return who dispatches or manages at a depot, or for its operator. One query."""
    there = Q(depot=depot) | Q(operator=depot.operator_id)
    rows = Membership.objects.filter(there, role__in=DEPOT_WRITERS).select_related("user")
    return list(rows.order_by("user__name", "user_id"))


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Return the names of those among `actors` who are our people, by how events name them. One query."""
    numbers = [number for kind, _, number in (actor.partition(":") for actor in actors) if kind == "user"]
    return {user.actor: str(user) for user in User.objects.filter(pk__in=filter(str.isdecimal, numbers))}


def actor_of(request: HttpRequest) -> str:
    """Return how events name the person who asks. They are signed in, as behind the guards below."""
    return f"user:{request.user.pk}"


DepotView = Callable[Concatenate[HttpRequest, Depot, P], HttpResponse]
MerchantView = Callable[Concatenate[HttpRequest, Merchant, P], HttpResponse]


def require_operations(view: DepotView[P]) -> GuardedView:
    """Serve `/.../<slug:depot>/` to the depot's people; the view gets the Depot.

    Who is not signed in is asked to. Others' depots: 404. Who may only look: 403 for anything else.
    """

    @wraps(view)
    def guarded(request: HttpRequest, depot: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        found = depots_of(request.user).select_related("operator").filter(slug=depot).first()
        if found is None:
            raise Http404
        if not _only_looks(request) and not roles_at(request.user, depot=found) & DEPOT_WRITERS:
            raise PermissionDenied
        return view(request, found, *args, **kwargs)

    return guarded


def require_merchant(view: MerchantView[P]) -> GuardedView:
    """As require_operations, for `/.../<slug:merchant>/` and its people; the view gets the Merchant."""

    @wraps(view)
    def guarded(request: HttpRequest, merchant: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        found = merchants_of(request.user).filter(slug=merchant).first()
        if found is None:
            raise Http404
        if not _only_looks(request) and not roles_for(request.user, merchant=found) & MERCHANT_WRITERS:
            raise PermissionDenied
        return view(request, found, *args, **kwargs)

    return guarded


def require_staff(view: Callable[Concatenate[HttpRequest, P], HttpResponse]) -> GuardedView:
    """Serve a page to anybody with a membership; others who are signed in: 404."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not _memberships(request.user).exists():
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def _only_looks(request: HttpRequest) -> bool:
    return request.method in ("GET", "HEAD")

"""The demo's inbox: what would have gone out by mail."""

from csp.decorators import csp
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from portal.demo import folder
from portal.demo import inbox as read_inbox
from portal.demo.town import TIME_ZONE
from portal.http import render_page, targets

PAGE, PART = "demo/inbox.html", "demo/_mails.html"
# A mail may bring its own styles, and nothing else: no script, nothing from elsewhere.
MAIL_MAY = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["data:"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-top-navigation-by-user-activation"],
}


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Show every mail, the newest opened; the list is asked for again now and then. Unchanged: 204."""
    return _show(request, "")


@require_safe
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """Show every mail, this one opened."""
    return _show(request, name)


def _show(request: HttpRequest, name: str) -> HttpResponse:
    mails = read_inbox.mails(folder.INBOX)
    seen = f"{len(mails)}.{name}"
    if targets(request, PART) and request.GET.get("v") == seen:
        return HttpResponse(status=204)
    opened = next((each for each in mails if each.name == name or not name), None)
    if name and opened is None:
        raise Http404
    context = {"mails": mails, "opened": opened, "seen": seen, "zone": TIME_ZONE}
    return render_page(request, PAGE, PART, context)


@require_safe
@csp(MAIL_MAY)  # type: ignore[arg-type]  # its types know only views without arguments
def mail_page(request: HttpRequest, name: str) -> HttpResponse:
    """The mail's HTML as it came, in a frame that may do nothing but lead to where its links go."""
    found = _mail_or_404(name)
    return HttpResponse(found.html.replace("<head>", '<head><base target="_top">', 1))


@require_safe
def mail_file(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """One attachment, to keep."""
    _mail_or_404(name)
    found = read_inbox.attachment(folder.INBOX, name, number)
    if found is None:
        raise Http404
    file_name, kind, content = found
    headers = {"Content-Disposition": content_disposition_header(True, file_name) or "attachment"}
    return HttpResponse(content, content_type=kind, headers=headers)


def _mail_or_404(name: str) -> read_inbox.Mail:
    found = read_inbox.mail_named(folder.INBOX, name)
    if found is None:
        raise Http404
    return found

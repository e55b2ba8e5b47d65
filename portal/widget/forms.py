"""Where to: the hosted page's form, without the size where the shop said what is in the basket."""

import re
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from portal.customers.forms import AddressForm
from portal.forms import SizedForm
from portal.models.widget import WidgetSession

TYPED: Final = ("address", "unit", "size", "parcels", "weight")
POSTCODE: Final = re.compile(r"\d{4,}")
ALONE: Final = re.compile(r"(?:[A-Z]{1,2}-)?\d{4,5}|\d{3} \d{2}", re.IGNORECASE)
"""A postcode and nothing else: all digits, perhaps with its country, as in FI-00100 or 111 20."""
COUNTRY: Final = re.compile(r"[A-Z]{2}")


class WhereForm(AddressForm):
    """Where to; how big only where nobody knows."""

    def __init__(
        self, *args: Any, asks_size: bool, known: dict[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asks_size, self.known = asks_size, known or {}
        self.postcode = postcode = self.known.get("postcode", "")
        if not asks_size:
            for name in SizedForm.base_fields:
                del self.fields[name]
        if postcode:
            self.fields["address"].help_text = _("We look in %(postcode)s unless you write another.") % {
                "postcode": postcode
            }

    @property
    def query(self) -> str:
        """Return what to look for: what was typed, in the shop's postcode where none was typed."""
        typed: str = self.cleaned_data["address"]
        return typed if not self.postcode or POSTCODE.search(typed) else f"{typed}, {self.postcode}"

    @property
    def postcode_alone(self) -> str:
        """Return the postcode, if nothing else was typed as the address."""
        typed = str(self.cleaned_data["address"]).strip()
        return re.sub("^[A-Za-z]{1,2}-", "", typed) if ALONE.fullmatch(typed) else ""

    @property
    def typed(self) -> dict[str, str]:
        """Return what was typed, as it was typed."""
        typed = {name: str(self.data.get(name, ""))[:200] for name in TYPED}
        return typed | {name: value for name, value in self.known.items() if value}


def form_for(session: WidgetSession, data: Any = None) -> WhereForm:
    """Return the question where to, with what was typed before or what was sent now."""
    return WhereForm(
        data,
        initial=session.typed,
        asks_size=session.key_id is not None or not session.size,
        known={name: session.typed.get(name, "") for name in ("postcode", "country")},
    )

"""The clock bar: what time the demo has, and where it can jump to."""

from typing import Any

from django.http import HttpRequest

from portal.demo.jumps import jumps, moment
from scheduling import clock


def clock_bar(request: HttpRequest) -> dict[str, Any]:
    """What base.html shows above every page; nothing inside a frame, where the page around it has it."""
    if request.headers.get("Sec-Fetch-Dest") == "iframe":
        return {}
    now = clock.now()
    return {
        "page_bars": ["demo/_clock_bar.html"],
        "demo_moment": moment(now),
        "demo_jumps": jumps(now),
        "demo_next": request.get_full_path(),
    }

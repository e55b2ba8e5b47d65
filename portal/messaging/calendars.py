"""A promised window as a calendar file."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit in its customer's calendar. A later `sequence` replaces an earlier one with the same `uid`.

    Holds no link: calendars are shared and synchronised.
    """

    uid: str
    sequence: int
    title: str
    notes: str
    place: str
    opens_at: datetime
    closes_at: datetime
    written_at: datetime


def calendar_file(entry: Entry) -> bytes:
    """Return the entry as an iCalendar file (RFC 5545). In UTC: calendars show it in their owner's zone."""
    from icalendar import Calendar, Event  # a twentieth of a process's start, in those that write some

    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("summary", entry.title)
    event.add("description", entry.notes)
    event.add("location", entry.place)
    event.add("dtstart", entry.opens_at.astimezone(UTC))
    event.add("dtend", entry.closes_at.astimezone(UTC))
    event.add("dtstamp", entry.written_at.astimezone(UTC))
    event.add("status", "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    calendar = Calendar()
    calendar.add("prodid", "-//Doorstep//Deliveries//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written

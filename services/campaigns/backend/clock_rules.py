"""Times as clocks show them, made into moments. Pure but for the time zone database that Python reads."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from services.kit.errors import Invalid, Issue

_AT = ["starts_at_local"]
_EARLIEST, _LATEST = 2000, 2100


def local_moment(text: str, zone: str | None) -> datetime:
    """The moment at which the clocks of `zone` (an IANA name) show `text`: `2027-06-12T19:30`, seconds if wanted.

    Raises Invalid for what is no such time, and for what clocks skip or show twice that day: nobody can tell which of
    two moments was meant.
    """
    if zone is None:
        message = (
            "The market has no place, so it has no clocks. Give it a venue or a location, or give startsAt."
        )
        raise Invalid([Issue(_AT, "NO_TIME_ZONE", message)])
    shown = _parse(text)
    clocks = ZoneInfo(zone)
    first, second = (shown.replace(tzinfo=clocks, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    # Either way the two readings differ: read back, a skipped time is not what was written.
    if first.astimezone(clocks).replace(tzinfo=None) != shown:
        raise Invalid([Issue(_AT, "SKIPPED", f"Clocks in {zone} skip {text}: they are set forward then.")])
    both = f"{_zulu(first)} or {_zulu(second)}"
    message = f"Clocks in {zone} show {text} twice, for they are set back then. Give startsAt: {both}."
    raise Invalid([Issue(_AT, "AMBIGUOUS", message)])


def _parse(text: str) -> datetime:
    try:
        shown = datetime.fromisoformat(text)
    except ValueError:
        shown = None
    if shown is None or shown.tzinfo is not None or "T" not in text:
        message = "Write a date and a time without a zone, like 2027-06-12T19:30."
        raise Invalid([Issue(_AT, "MALFORMED", message)])
    if not _EARLIEST <= shown.year < _LATEST:
        raise Invalid([Issue(_AT, "OUT_OF_RANGE", f"The year must be {_EARLIEST} to {_LATEST - 1}.")])
    return shown


def _zulu(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

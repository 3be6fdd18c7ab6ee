"""What wire formats are made of, so that their documents promise what the database keeps."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from services.kit.locales import LOCALES

Moment = Annotated[datetime, Meta(tz=True)]
"""A time with its zone."""

Whole = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
"""A whole number that GraphQL's Int holds."""


def said_to_be_of(values: Iterable[str]) -> Meta:
    """That a text is one of these, as its document says. Rules hold inputs against them, in words for people."""
    return Meta(extra_json_schema={"enum": list(values)})


LocaleTag = Annotated[str, said_to_be_of(LOCALES)]
"""One of the locales that are served."""

JobState = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"]
"""Where work in the background is."""

ONE_FOR_EACH = Meta(description="One for each that was asked about, in that order.")
"""Of a list whose places count; callers hold it against what they asked by `upstream.one_for_each`."""

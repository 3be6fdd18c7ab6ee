"""Inputs that several mutations share."""

import strawberry

from services.kit.types import DateTime, Locale


@strawberry.federation.input(
    description="A span of time: from `opensAt` until just before `closesAt`.", tags=["admin"]
)
class WindowInput:
    opens_at: DateTime = strawberry.field(description="The first moment inside.")
    closes_at: DateTime = strawberry.field(description="The first moment after.")


@strawberry.federation.input(description="Scores that can be selected, both ends included.", tags=["admin"])
class ScoreRangeInput:
    min: float | None = strawberry.field(description="The lowest score; null: no lower bound.", default=None)
    max: float | None = strawberry.field(description="The highest score; null: no upper bound.", default=None)


@strawberry.federation.input(description="A point on Earth, WGS 84.", tags=["admin"])
class GeoPointInput:
    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")


@strawberry.federation.input(description="A campaign's texts in one locale.", tags=["admin"])
class CampaignContentInput:
    locale: Locale = strawberry.field(description="The locale of these texts.")
    title: str = strawberry.field(description="The campaign's name, at most 200 characters.")
    summary: str | None = strawberry.field(
        description="One paragraph, at most 1,000 characters.", default=None
    )
    body: str | None = strawberry.field(
        description="The full description, at most 50,000 characters of Markdown (no HTML, no pictures).",
        default=None,
    )
    terms: str | None = strawberry.field(
        description="What fans agree to, at most 50,000 characters of Markdown.", default=None
    )
    sms_template: str | None = strawberry.field(
        description="The winners' message, at most 1,000 characters, with `{code}` or `{link}` in it, and where wanted "
        "`{event}` and `{campaign}`.",
        default=None,
    )

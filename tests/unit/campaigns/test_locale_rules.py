"""Which texts a reader gets: one row a case, without a database; and the same through the graph."""

import pytest

from services.campaigns.subgraph.locale_rules import Choice, accepted, negotiate
from tests.unit.campaigns.campaigns import Campaigns

EIGHT = ["en-US", "es-US", "en-CA", "fr-CA", "en-GB", "en-IE", "es-MX", "en-MX"]


@pytest.mark.parametrize("locale", EIGHT)
def test_what_is_there_is_served(locale: str) -> None:
    assert negotiate(EIGHT, "en-US", asked=locale, accept_language="fr") == Choice(locale, is_fallback=False)


@pytest.mark.parametrize(
    ("available", "default", "asked", "served"),
    [
        ("en-US fr-CA", "en-US", "fr-CA", "fr-CA"),
        ("en-US", "en-US", "fr-CA", "en-US"),
        ("en-US en-GB", "en-US", "en-IE", "en-GB"),
        ("en-US en-CA", "en-CA", "en-IE", "en-CA"),
        ("en-US es-MX", "es-MX", "en-IE", "en-US"),
        ("es-MX", "es-MX", "en-IE", "es-MX"),
        ("en-IE en-US", "en-US", "en-GB", "en-IE"),
        ("en-US es-MX", "en-US", "es-US", "es-MX"),
        ("en-US es-US", "en-US", "es-MX", "es-US"),
        ("en-US es-US", "es-US", "en-MX", "en-US"),
        ("en-US en-GB", "en-GB", "en-CA", "en-US"),
        ("fr-CA es-MX", "en-US", "en-GB", "es-MX"),
    ],
)
def test_else_the_nearest(available: str, default: str, asked: str, served: str) -> None:
    choice = negotiate(available.split(), default, asked=asked, accept_language=None)
    assert choice == Choice(served, is_fallback=served != asked)


@pytest.mark.parametrize(
    ("header", "served", "is_fallback"),
    [
        (None, "en-US", False),
        ("", "en-US", False),
        ("*", "en-US", False),
        ("fr-CA", "fr-CA", False),
        ("FR-ca", "fr-CA", False),
        ("fr", "fr-CA", False),
        ("fr-FR", "fr-CA", True),
        ("en", "en-US", False),
        ("en-GB", "en-US", True),
        ("de, fr;q=0.5, en;q=0.9", "en-US", True),
        ("de, fr;q=0.9, en;q=0.5", "fr-CA", True),
        ("fr;q=0.2, en-US", "en-US", False),
        ("fr;q=0, en", "en-US", False),
        ("de", "en-US", True),
        ("de, *;q=0.1", "en-US", True),
        ("fr-CA;q=2, en", "en-US", False),
        ("'; DROP TABLE campaign; --", "en-US", False),
        (",,;q=,", "en-US", False),
        ("x" * 5000, "en-US", False),
    ],
)
def test_accept_language(header: str | None, served: str, is_fallback: bool) -> None:
    choice = negotiate(["en-US", "fr-CA"], "en-US", asked=None, accept_language=header)
    assert choice == Choice(served, is_fallback)


def test_ranges_come_in_order_of_preference() -> None:
    assert accepted("a;q=0.1, b;q=1.0, c;q=0.5, d, e;q=0") == ["b", "d", "c", "a"]


def test_the_argument_counts_before_the_header() -> None:
    choice = negotiate(EIGHT, "en-US", asked="es-MX", accept_language="fr-CA")
    assert choice == Choice("es-MX", is_fallback=False)


def test_without_texts_there_is_nothing_to_choose() -> None:
    assert negotiate([], "en-US", asked="en-US", accept_language=None) is None


async def test_the_graph_negotiates_by_argument_header_and_default(campaigns: Campaigns) -> None:
    id_ = await campaigns.opened()
    fields = (
        'default: content { locale title isFallback } french: content(locale: "fr-CA") { title isFallback }'
    )
    page = await campaigns.campaign(id_, fields)
    assert page["default"] == {"locale": "en-US", "title": "The Tour", "isFallback": False}
    assert page["french"] == {"title": "La tournée", "isFallback": False}
    page = await campaigns.campaign(id_, fields, accept_language="fr-FR,de;q=0.5")
    assert page["default"] == {"locale": "fr-CA", "title": "La tournée", "isFallback": True}


async def test_a_draft_without_texts_has_its_slug_for_a_title(campaigns: Campaigns) -> None:
    id_ = (await campaigns.create(slug="nameless", contents=[]))["campaign"]["id"]
    page = await campaigns.campaign(id_, "locales translations { title } content { title isFallback }")
    assert page == {"locales": [], "translations": [], "content": {"title": "nameless", "isFallback": True}}

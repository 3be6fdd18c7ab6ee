"""In which language and on which channel a winner is told, in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.codes.backend.deliveries_rules import Campaign, Contact, channel_for, compose, other_channel

TITLES = {"en-US": "The Tour", "fr-CA": "La Tournée"}
TEMPLATES = {"en-US": "US {code}", "en-GB": "GB {code}", "es-MX": "MX {code}"}


def campaign(default: str = "en-US", titles: dict[str, str] = TITLES, **templates: str) -> Campaign:
    given = {name.replace("_", "-"): text for name, text in templates.items()}
    return Campaign("the-tour", default, titles, given, "Night 1")


def fan(locale: str | None = None) -> Contact:
    return Contact("fan@example.com", "+12025550123", locale)


@pytest.mark.parametrize(
    ("locale", "default", "expected"),
    [
        ("en-US", "en-US", "US C"),
        ("en-GB", "en-US", "GB C"),
        ("en-IE", "en-US", "GB C"),
        ("en-CA", "en-US", "US C"),
        ("en-MX", "es-MX", "GB C"),
        ("es-US", "en-US", "MX C"),
        ("fr-CA", "en-US", "US C"),
        ("fr-CA", "es-MX", "MX C"),
        (None, "es-MX", "MX C"),
        (None, "en-GB", "GB C"),
        ("de-DE", "en-US", "US C"),
    ],
)
def test_the_nearest_template_is_taken(locale: str | None, default: str, expected: str) -> None:
    of = Campaign("the-tour", default, TITLES, TEMPLATES, "Night 1")
    assert compose("SMS", of, fan(locale), "C", "https://fans.example").body == expected


@pytest.mark.parametrize(
    ("locale", "words", "subject"),
    [
        ("en-IE", "your access code for Night 1 is C", "Your access code for The Tour"),
        ("es-MX", "tu código de acceso para Night 1 es C", "Tu código de acceso para The Tour"),
        ("fr-CA", "votre code d’accès pour Night 1 est C", "Votre code d’accès pour La Tournée"),
    ],
)
def test_without_a_template_the_platform_has_words(locale: str, words: str, subject: str) -> None:
    text = compose("SMS", campaign(), fan(locale), "C", "https://fans.example/")
    assert words in text.body
    assert text.body.endswith("https://fans.example/campaigns/the-tour")
    mail = compose("EMAIL", campaign(), fan(locale), "C", "https://fans.example")
    assert mail.subject == subject
    assert "C\n" in mail.body


def test_values_are_put_in_once() -> None:
    """A title that looks like a placeholder gets no code."""
    tricky = campaign(titles={"en-US": "{code} {link}"}, en_US="{campaign} / {unknown} / {code}")
    assert compose("SMS", tricky, fan("en-US"), "SECRET", "x").body == "{code} {link} / {unknown} / SECRET"


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_title_breaks_a_subject(title: str, event: str) -> None:
    of = Campaign("s", "en-US", {"en-US": title}, {}, event)
    text = compose("EMAIL", of, fan("en-US"), "C", "https://fans.example")
    assert text.subject.isprintable()
    assert len(text.subject) < 200


def test_which_channel() -> None:
    both, mail, phone = fan(), Contact("a@b.c", None, None), Contact(None, "+1", None)
    assert [channel_for(each, None) for each in (both, mail, phone)] == ["SMS", "EMAIL", "SMS"]
    assert [channel_for(each, None) for each in (Contact(None, None, None), None)] == [None, None]
    assert [channel_for(each, "EMAIL") for each in (both, mail, phone)] == ["EMAIL", "EMAIL", None]
    assert [other_channel(each, "SMS") for each in (both, phone)] == ["EMAIL", None]
    assert [other_channel(each, "EMAIL") for each in (both, mail)] == ["SMS", None]

"""What a fan reads: each page is one query, and whole when every subgraph had its say without errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scripts.devtools.load.loopback import Target
from scripts.devtools.load.requests import head_of, json_of, tail_of
from scripts.devtools.load.response import Response
from scripts.devtools.load.tally import Goal

PageName = Literal["campaign", "viewer", "codes"]

CAMPAIGN = """query CampaignPage($slug: String!, $locale: Locale) {
  campaign(slug: $slug) {
    id state defaultLocale content(locale: $locale) { locale isFallback title summary body terms }
    registration { opensAt closesAt } phoneRequired gate { __typename }
    markets { id name country capacity venue { name city timeZone } }
    events { id name startsAt presale { opensAt closesAt } market { id } }
    viewerEligibility { eligible reasons { code message } }
    viewerEntry { id state preferences { rank market { id } } accessCodes { id masked state } }
  }
}"""
"""Each subgraph is asked once: the markets of her preferences are on the page already, so ids do."""

VIEWER = """query Viewer {
  viewer {
    id displayName locale email phone phoneVerifiedAt
    linkedAccounts { provider } verifiedCards { brand last4 } privacy { doNotSell } teams { id }
  }
}"""
"""Who is here, as the head of every page shows it: one request to users."""

CODES = """query CodesPage($slug: String!, $locale: Locale) {
  viewer { id displayName }
  campaign(slug: $slug) {
    id content(locale: $locale) { locale title }
    viewerEntry {
      id state
      selections { preferenceRank market { id name } event { id name startsAt } accessCode { id state value } }
    }
  }
}"""
"""A winner's code in clear, after it was revealed: users, campaigns, entries and codes."""


@dataclass(frozen=True)
class Page:
    """A query, the members that its answer must have, and its bars: requests a second, seconds at p95."""

    document: str
    members: Sequence[bytes]
    rate: float = 100.0
    most_p95: float = 0.2

    def is_whole(self, response: Response) -> bool:
        """Reads the compact JSON that the router writes without decoding it."""
        body = response.body
        return (
            response.status == 200
            and b'"errors":' not in body
            and all(member in body for member in self.members)
        )

    @property
    def goal(self) -> Goal:
        """A whole page."""
        return Goal("whole page", lambda response: "" if self.is_whole(response) else None)


PAGES: dict[PageName, Page] = {
    "campaign": Page(CAMPAIGN, (b'"viewerEntry":{', b'"viewerEligibility":{')),
    "viewer": Page(VIEWER, (b'"viewer":{', b'"teams":['), rate=50.0, most_p95=0.1),
    "codes": Page(CODES, (b'"viewer":{', b'"accessCode":{', b'"value":"')),
}


@dataclass(frozen=True)
class Readings:
    """One page a request, for one fan after the other: `parts(n)` are the pieces of request number `n`."""

    head: bytes
    tokens: Sequence[bytes]
    tail: bytes

    def parts(self, number: int) -> tuple[bytes, bytes, bytes]:
        """Request line and headers up to the token, the token, the rest."""
        return self.head, self.tokens[number % len(self.tokens)], self.tail


def readings(
    page: Page, target: Target, tokens: Sequence[bytes], slug: str, locale: str = "en-US"
) -> Readings:
    """The page, about one campaign where it is about one, for each of these fans in turn."""
    variables = {"slug": slug, "locale": locale} if "$slug" in page.document else {}
    return Readings(head_of(target), tokens, tail_of(json_of(page.document, variables)))

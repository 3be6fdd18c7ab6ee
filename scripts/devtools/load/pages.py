"""The campaign page as a fan sees it who has registered: campaigns, from there entries, from there codes."""

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.devtools.load.loopback import Target
from scripts.devtools.load.requests import head_of, json_of, tail_of
from scripts.devtools.load.response import Response
from scripts.devtools.load.tally import Goal

PAGE = """query CampaignPage($slug: String!, $locale: Locale) {
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

MOST_P95_SECONDS = 0.2


@dataclass(frozen=True)
class Pages:
    """One page a request, for one registered fan after the other: `parts(n)` are the pieces of request number `n`."""

    head: bytes
    tokens: Sequence[bytes]
    tail: bytes

    def parts(self, number: int) -> tuple[bytes, bytes, bytes]:
        """Request line and headers up to the token, the token, the rest."""
        return self.head, self.tokens[number % len(self.tokens)], self.tail


def pages(target: Target, tokens: Sequence[bytes], slug: str, locale: str = "en-US") -> Pages:
    """The page of one campaign for each of these fans in turn."""
    return Pages(head_of(target), tokens, tail_of(json_of(PAGE, {"slug": slug, "locale": locale})))


def is_whole_page(response: Response) -> bool:
    """Whether every subgraph had its say, without errors: the campaign, her entry, why she may be selected, her codes.

    Reads the compact JSON that the router writes without decoding it.
    """
    body = response.body
    return (
        response.status == 200
        and b'"errors":' not in body
        and b'"viewerEntry":{' in body
        and b'"viewerEligibility":{' in body
    )


WHOLE_PAGE = Goal("whole page", lambda response: "" if is_whole_page(response) else None)

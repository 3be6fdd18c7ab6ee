"""The fans of a journey: a token, a phone number that nobody owns, and a ranking of markets each."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.devtools.tokens import Mint

# +1 AAA 555 01NN: set aside for fiction, 100 an area code.
_AREA_CODES = (202, 212, 213, 305, 312, 404, 415, 512, 617, 702)
MOST = 100 * len(_AREA_CODES)


@dataclass(frozen=True)
class Fan:
    """One fan; `preferences` are market ids, best first."""

    number: int
    token: str
    phone: str
    preferences: tuple[str, ...]
    tickets: int


def fans(mint: Mint, count: int, markets: Sequence[str], *, first: int, seed: int) -> list[Fan]:
    """`count` fans from number `first` on; the same seed makes the same rankings."""
    if count > MOST:
        raise ValueError(f"there are {MOST} telephone numbers for fiction, not {count}")
    chance = random.Random(seed)
    tokens = mint.mint_many(count, first=first)
    return [
        Fan(
            number=first + index,
            token=token,
            phone=f"+1{_AREA_CODES[index // 100]}55501{index % 100:02}",
            preferences=tuple(chance.sample(markets, chance.randint(1, len(markets)))),
            tickets=chance.choice((1, 1, 2, 4)),
        )
        for index, token in enumerate(tokens)
    ]

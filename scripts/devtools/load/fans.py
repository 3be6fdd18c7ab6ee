"""A token for every fan, each used once: signing takes longer than sending, so what was not used is kept."""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.devtools.tokens import DEFAULT_LIFETIME_SECONDS, Mint

# A token must outlive the longest run.
_LEAST_LIFETIME_SECONDS = 3600
_AT_A_TIME = 10_000


@dataclass
class FanTokens:
    """Hands out tokens of fans that this stack has not seen: one that a subgraph has verified before costs it less.

    What was signed is kept in `folder`: what was not used serves the next run, and all of it serves another stack
    (`life`) again.
    """

    mint: Mint
    folder: Path
    life: str

    def take(self, count: int, tell: Callable[[str], None] = lambda _text: None) -> list[bytes]:
        """`count` tokens, each of another fan. `tell` gets a line while tokens are signed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        tokens, used = self._kept()
        missing = used + count - len(tokens)
        while (missing := used + count - len(tokens)) > 0:
            tell(f"Signing tokens of fans, {missing} to go")
            fresh = self.mint.mint_many(min(missing, _AT_A_TIME), first=len(tokens) + 1)
            self._append(fresh)
            tokens += fresh
        self._note_used(used + count)
        return [token.encode() for token in tokens[used : used + count]]

    @property
    def _tokens_file(self) -> Path:
        mint = self.mint
        key = hashlib.sha256(f"{mint.issuer}\n{mint.audience}\n{mint.kid}".encode()).hexdigest()[:12]
        return self.folder / f"tokens-{key}.txt"

    @property
    def _state_file(self) -> Path:
        return self._tokens_file.with_suffix(".json")

    def _kept(self) -> tuple[list[str], int]:
        """The tokens on file, fan 1 first, and how many of them this stack has seen."""
        state: dict[str, object] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            state = json.loads(self._state_file.read_text())
        expires = state.get("expires")
        if not isinstance(expires, float) or expires < time.time() + _LEAST_LIFETIME_SECONDS:
            self._tokens_file.unlink(missing_ok=True)
            self._write_state(time.time() + DEFAULT_LIFETIME_SECONDS, 0)
            return [], 0
        tokens = self._tokens_file.read_text().splitlines() if self._tokens_file.exists() else []
        used = state.get("used") if state.get("life") == self.life else 0
        return tokens, used if isinstance(used, int) else 0

    def _append(self, tokens: list[str]) -> None:
        self._tokens_file.touch(mode=0o600)
        with self._tokens_file.open("a") as file:
            file.writelines(f"{token}\n" for token in tokens)

    def _note_used(self, used: int) -> None:
        self._write_state(json.loads(self._state_file.read_text())["expires"], used)

    def _write_state(self, expires: float, used: int) -> None:
        self._state_file.write_text(json.dumps({"life": self.life, "used": used, "expires": expires}))

"""What the supervisor tells whoever watches: a terminal, a log, or the script that waits for `--detach`."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

Kind = Literal["step", "done", "died", "warning", "ready", "stopping", "failed"]


@dataclass(frozen=True)
class Event:
    """One thing that happened. `process` is empty when it concerns the whole stack."""

    kind: Kind
    text: str
    process: str = ""

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> "Event":
        """The inverse of `to_json`. Raises ValueError."""
        fields = json.loads(line)
        return cls(fields["kind"], fields["text"], fields["process"])


Report = Callable[[Event], None]

"""JSON that a document allows: made at random, with as much in it that fits the question as a real answer has."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

from services.kit.wire import ONE_FOR_EACH

WORDS = (
    "",
    "x",
    "Las Ínsulas del Sur",
    "a b\n\tc",
    "<script>alert(1)</script>",
    "\U0001f3ab" * 40,
    "2030-01-01",
    "America/Los_Angeles",
    "null",
    "https://example.com/a?b=c#d",
    "it's 100 %",
)
UNKNOWN = ("x_new", "status", "__typename", "id2")
"""Members that a later version of the backend may add."""
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def texts_in(value: Any) -> list[str]:
    """Every text in a JSON value, in the order found."""
    if isinstance(value, str):
        return [value]
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for each in inside for text in texts_in(each)]


class Answers:
    """Makes values of a document's schemas. `ids` are those that the answer is about, `count` how many were asked."""

    def __init__(self, document: Mapping[str, Any], random: Random, ids: Sequence[str], count: int) -> None:
        self._schemas = document["components"]["schemas"]
        self._random = random
        self._ids = ids
        self._count = count

    def value(self, schema: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
        """A value of the schema; `name` is that of the member it becomes."""
        random = self._random
        if "$ref" in schema:
            component = schema["$ref"].rpartition("/")[2]
            made = self.value(self._schemas[component], name, depth)
            return self.in_words(component, made, depth)
        if "enum" in schema:
            return random.choice(schema["enum"])
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            # What refers to itself must come to an end.
            plain = [each for each in choices if each.get("type") == "null"] if depth > 5 else []
            return self.value(random.choice(plain or choices), name, depth)
        match schema.get("type"):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "string":
                return self._text(schema, name)
            case "boolean":
                return random.random() < 0.8
            case "integer":
                return self._whole(schema)
            case "number":
                low, high = schema.get("minimum", -1e9), schema.get("maximum", 1e9)
                return random.choice([low, high, random.uniform(low, high)])
            case "null":
                return None
            case _:
                return random.choice([None, 1, "x", [], {}])

    def in_words(self, name: str, made: Any, depth: int = 0) -> Any:
        """What was made of a schema, with what the document says of it in words made true."""
        return IN_WORDS[name](self, made, depth) if name in IN_WORDS else made

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        random = self._random
        members, required = schema.get("properties", {}), schema.get("required", ())
        made = {
            name: self.value(member, name, depth + 1)
            for name, member in members.items()
            if name in required or random.random() < 0.7
        }
        others = schema.get("additionalProperties")
        if isinstance(others, Mapping):
            names = [name for name in self._ids if random.random() < 0.7] + ["nobody-asked"]
            made |= {name: self.value(others, name, depth + 1) for name in names}
        elif others is not False and random.random() < 0.2:
            made |= {name: random.choice([None, 7, "x", {}, []]) for name in UNKNOWN if name not in members}
        return made

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        random = self._random
        if schema.get("description") == ONE_FOR_EACH.description:
            length = self._count
        else:
            length = random.choice([0, self._count, self._count + 1, random.randint(0, 3)])
        length = min(max(length, schema.get("minItems", 0)), schema.get("maxItems", 100))
        if depth > 5 and schema.get("description") != ONE_FOR_EACH.description:
            length = schema.get("minItems", 0)
        items = [self.value(schema.get("items", {}), name, depth + 1) for _ in range(length)]
        if items and schema.get("description") != ONE_FOR_EACH.description and random.random() < 0.1:
            items.append(items[0])
        return items

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        random = self._random
        if schema.get("format") == "date-time":
            return self._moment()
        candidates = list(WORDS)
        if self._ids and (name == "id" or name.endswith(("_id", "_ids", "ids"))) and random.random() < 0.9:
            candidates = list(self._ids)
        pattern = re.compile(schema.get("pattern", ""))
        low, high = schema.get("minLength", 0), schema.get("maxLength", 10_000)
        fitting = [each for each in candidates if low <= len(each) <= high and pattern.search(each)]
        return random.choice(fitting) if fitting else self._fitting(pattern, low)

    def _fitting(self, pattern: re.Pattern[str], low: int) -> str:
        for text in ("ABC", "abc", "abc/1", "00", *self._ids):
            if pattern.search(long := text.ljust(low, text[-1])):
                return long
        raise LookupError(f"nothing here matches {pattern.pattern}")

    def _moment(self) -> str:
        random = self._random
        zone = timezone(timedelta(minutes=random.choice([0, 0, 330, -480])))
        middle = datetime(2030, 1, 1, tzinfo=zone) + timedelta(seconds=random.uniform(-1e8, 1e8))
        return random.choice([middle, middle, middle, FIRST, LAST]).isoformat()

    def _whole(self, schema: Mapping[str, Any]) -> int:
        random = self._random
        low, high = schema.get("minimum", -(2**63)), schema.get("maximum", 2**63 - 1)
        return random.choice([low, high, random.randint(max(low, 0), min(high, 10))])


def _gate(answers: Answers, made: Any, depth: int) -> Any:
    """ "A tree whose nodes each have exactly one member"; a node of the first level at most has children."""
    kinds = [kind for kind, value in made.items() if value is not None and kind not in UNKNOWN]
    if not kinds or depth > 5:
        return {"phone": True}
    return {kinds[0]: made[kinds[0]]}


def _campaign(answers: Answers, made: Any, depth: int) -> Any:
    """An event is "a show in a market of its campaign"."""
    if not made["markets"]:
        made["events"] = []
    for event in made["events"]:
        event["market_id"] = made["markets"][0]["id"]
    return made


def _changed(answers: Answers, made: Any, depth: int) -> Any:
    """The campaign has "what was changed: the campaign, market or event"."""
    campaign = made["campaign"]
    market, event = (answers.value({"$ref": f"#/components/schemas/{each}"}) for each in ("Market", "Event"))
    market["id"] = event["id"] = event["market_id"] = made["target"]
    campaign["markets"].append(market)
    campaign["events"].append(event)
    return made


def _run(answers: Answers, made: Any, depth: int) -> Any:
    """The wave is answered "with its job"."""
    made["wave"]["job"] = answers.value({"$ref": "#/components/schemas/Job"})
    return made


def _preview(answers: Answers, made: Any, depth: int) -> Any:
    """ "A preview, or the work of computing one"."""
    if made.get("preview") is None:
        made["job"] = answers.value({"$ref": "#/components/schemas/Job"})
    return made


IN_WORDS = {
    "Campaign": _campaign,
    "Changed": _changed,
    "Gate": _gate,
    "PreviewAnswer": _preview,
    "run_selection": _run,
}
"""What the documents say of a component or an operation in words, since no schema can."""

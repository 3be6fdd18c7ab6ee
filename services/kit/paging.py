"""Keyset pages: a backend answers `Page`s, a subgraph shows them as Relay connections."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec
import strawberry
from strawberry.federation.schema_directives import Shareable

from services.kit.errors import Invalid, Issue

T = TypeVar("T")
N = TypeVar("N")
MAX_PAGE = 100


class Page(msgspec.Struct, Generic[T]):
    """Up to `limit` items in order, and whether more follow; of a backward slice, whether more come before."""

    items: list[T]
    has_next: bool


@dataclass(frozen=True, slots=True)
class Slice:
    """Which part of a list was asked for: `limit` items between two places, from its end if `backward`."""

    limit: int
    after: str | None = None
    before: str | None = None
    backward: bool = False


@strawberry.federation.type(description="Where a page is among all.", directives=[Shareable()])
class PageInfo:
    has_next_page: bool = strawberry.field(
        description="Whether more follow after `endCursor`; reading backward, whether there was a `before`."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether more come before `startCursor`; reading forward, whether there was an `after`."
    )
    start_cursor: str | None = strawberry.field(
        description="Cursor of the first item: where a list takes `before`, pass it for the page before."
    )
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last item: pass it as `after` for the next page."
    )


@strawberry.federation.type(description="An item of a page.", directives=[Shareable()])
class Edge(Generic[N]):
    cursor: str = strawberry.field(description="Opaque position of this item.")
    node: N = strawberry.field(description="The item.")


@strawberry.federation.type(description="A page of a list.", directives=[Shareable()])
class Connection(Generic[N]):
    edges: list[Edge[N]] = strawberry.field(description="The items, in order, with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page is.")

    @strawberry.field(description="The items, in order.")
    def nodes(self) -> list[N]:
        return [edge.node for edge in self.edges]


def connect(
    page: Page[T],
    *,
    key: Callable[[T], str],
    node: Callable[[T], N],
    after: str | None = None,
    part: Slice | None = None,
) -> Connection[N]:
    """A backend's page as a connection; `key` is the item's place in the order.

    Lists that are read forward only give `after`, those that are read both ways the `part` that was asked for.
    """
    part = part or Slice(len(page.items), after)
    edges = [Edge(cursor=encode_cursor(key(item)), node=node(item)) for item in page.items]
    info = PageInfo(
        has_next_page=part.before is not None if part.backward else page.has_next,
        has_previous_page=page.has_next if part.backward else part.after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, page_info=info)


def page_slice(
    first: int | None, after: str | None, last: int | None, before: str | None, default: int = 20
) -> Slice:
    """The part of a list that the four arguments of a connection ask for. Raises Invalid.

    `last` reads from the end (or from `before`) towards the beginning; together with `first` it would mean two things.
    """
    if first is not None and last is not None:
        raise Invalid([Issue(["last"], "NOT_ONE", "Give either first or last.")])
    size = page_size(first, default) if last is None else page_size(last, default, name="last")
    return Slice(size, decode_cursor(after), decode_cursor(before, name="before"), last is not None)


def page_size(first: int | None, default: int = 20, *, name: str = "first") -> int:
    """`first` (or `last`) within 1 and 100. Raises Invalid."""
    if first is None:
        return default
    if not 1 <= first <= MAX_PAGE:
        raise Invalid([Issue([name], "OUT_OF_RANGE", f"{name} must be 1 to {MAX_PAGE}")])
    return first


def cut(rows: Sequence[T], limit: int, *, backward: bool = False) -> Page[T]:
    """A page from `limit + 1` fetched rows; with `backward` they come last one first, and are turned round."""
    items = list(rows[:limit])
    return Page(items[::-1] if backward else items, len(rows) > limit)


def encode_cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *, name: str = "after") -> str | None:
    """The key behind a cursor. Raises Invalid for what is no cursor of ours."""
    if cursor is None:
        return None
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        key = "\0"
    if not key or "\0" in key or len(key) > 500:
        raise Invalid([Issue([name], "BAD_CURSOR", f"{name} must be a cursor from an earlier page")])
    return key

"""Keyset pages: a backend answers `Page`s, a subgraph shows them as Relay connections."""

import base64
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec
import strawberry
from strawberry.federation.schema_directives import Shareable

from services.kit.errors import Invalid, Issue

T = TypeVar("T")
N = TypeVar("N")
MAX_PAGE = 100


class Page(msgspec.Struct, Generic[T]):
    """Up to `limit` items in order, and whether more follow."""

    items: list[T]
    has_next: bool


@strawberry.federation.type(description="Where a page is among all.", directives=[Shareable()])
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follow after `endCursor`.")
    has_previous_page: bool = strawberry.field(description="Whether a page was asked for after some cursor.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first item.")
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
    page: Page[T], *, key: Callable[[T], str], node: Callable[[T], N], after: str | None
) -> Connection[N]:
    """A backend's page as a connection; `key` is the item's place in the order."""
    edges = [Edge(cursor=encode_cursor(key(item)), node=node(item)) for item in page.items]
    info = PageInfo(
        has_next_page=page.has_next,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, page_info=info)


def page_size(first: int | None, default: int = 20) -> int:
    """`first` within 1 and 100. Raises Invalid."""
    if first is None:
        return default
    if not 1 <= first <= MAX_PAGE:
        raise Invalid([Issue(["first"], "OUT_OF_RANGE", f"first must be 1 to {MAX_PAGE}")])
    return first


def cut(rows: Sequence[T], limit: int) -> Page[T]:
    """A page from `limit + 1` fetched rows."""
    return Page(list(rows[:limit]), len(rows) > limit)


def encode_cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    """The key behind a cursor. Raises Invalid for what is no cursor of ours."""
    if cursor is None:
        return None
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        key = "\0"
    if not key or "\0" in key or len(key) > 500:
        raise Invalid([Issue(["after"], "BAD_CURSOR", "after must be a cursor from an earlier page")])
    return key

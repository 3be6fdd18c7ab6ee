import pytest

from services.kit.errors import Invalid
from services.kit.paging import connect, cut, decode_cursor, encode_cursor, page_size


def test_a_cursor_comes_back_as_its_key() -> None:
    assert decode_cursor(encode_cursor("ent_01|é")) == "ent_01|é"
    assert decode_cursor(None) is None


@pytest.mark.parametrize(
    "cursor", ["", "!!", "AAAA", encode_cursor("\0"), encode_cursor("x" * 501), "é", "=", "//8"]
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as error:
        decode_cursor(cursor)
    assert error.value.issues[0].path == ["after"]


@pytest.mark.parametrize("first", [0, -1, 101, 2**31])
def test_a_page_has_1_to_100_items(first: int) -> None:
    with pytest.raises(Invalid):
        page_size(first)


def test_one_item_more_than_asked_for_tells_of_a_next_page() -> None:
    assert (cut([1, 2, 3], 2).items, cut([1, 2, 3], 2).has_next) == ([1, 2], True)
    assert (cut([1, 2], 2).items, cut([1, 2], 2).has_next) == ([1, 2], False)


def test_a_page_as_a_connection() -> None:
    connection = connect(cut(["a", "b", "c"], 2), key=str, node=str.upper, after="x")
    assert connection.nodes() == ["A", "B"]  # type: ignore[operator]
    info = connection.page_info
    assert (info.has_next_page, info.has_previous_page, info.end_cursor) == (True, True, encode_cursor("b"))


def test_an_empty_connection() -> None:
    connection = connect(cut([], 2), key=str, node=str, after=None)
    info = connection.page_info
    assert (connection.edges, info.start_cursor, info.has_next_page, info.has_previous_page) == (
        [],
        None,
        False,
        False,
    )

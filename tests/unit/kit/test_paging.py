import pytest

from services.kit.errors import Invalid
from services.kit.paging import Slice, connect, cut, decode_cursor, encode_cursor, page_size, page_slice


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


def test_the_four_arguments_of_a_connection() -> None:
    assert page_slice(None, None, None, None) == Slice(20)
    assert page_slice(5, encode_cursor("a"), None, None) == Slice(5, after="a")
    assert page_slice(None, None, 5, encode_cursor("z")) == Slice(5, before="z", backward=True)
    assert page_slice(None, None, None, encode_cursor("z")) == Slice(20, before="z")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ((1, None, 1, None), "last"),
        ((None, None, 0, None), "last"),
        ((None, None, 101, None), "last"),
        ((101, None, None, None), "first"),
        ((None, "!", None, None), "after"),
        ((None, None, None, "!"), "before"),
    ],
)
def test_what_asks_for_no_page(
    given: tuple[int | None, str | None, int | None, str | None], path: str
) -> None:
    with pytest.raises(Invalid) as error:
        page_slice(*given)
    assert error.value.issues[0].path == [path]


def test_a_page_read_backward() -> None:
    part = Slice(2, before="d", backward=True)
    page = cut(["c", "b", "a"], 2, backward=True)
    connection = connect(page, key=str, node=str.upper, part=part)
    assert connection.nodes() == ["B", "C"]  # type: ignore[operator]
    info = connection.page_info
    assert (info.has_next_page, info.has_previous_page) == (True, True)
    assert (info.start_cursor, info.end_cursor) == (encode_cursor("b"), encode_cursor("c"))
    last = connect(cut(["a"], 2, backward=True), key=str, node=str, part=Slice(2, backward=True))
    assert (last.page_info.has_next_page, last.page_info.has_previous_page) == (False, False)

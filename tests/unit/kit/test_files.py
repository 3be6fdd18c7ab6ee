import base64
from pathlib import Path

import obstore
import pytest
from pydantic import SecretStr

from services.kit.errors import NotFound
from services.kit.files import FileTokens, open_files, read, remove_torn
from services.kit.sealing import Sealer
from tests.support.service import SETTINGS


@pytest.fixture
def tokens() -> FileTokens:
    return FileTokens(Sealer([SecretStr(key) for key in SETTINGS["data_keys"]]))


def test_a_token_names_its_subject(tokens: FileTokens) -> None:
    assert tokens.subject(tokens.issue("exp_1", 60)) == "exp_1"


def test_an_expired_token_is_refused(tokens: FileTokens) -> None:
    with pytest.raises(NotFound):
        tokens.subject(tokens.issue("exp_1", -1))


def test_a_token_of_another_key_is_refused(tokens: FileTokens) -> None:
    other = FileTokens(Sealer([SecretStr("t1:" + "Q" * 43)]))
    with pytest.raises(NotFound):
        tokens.subject(other.issue("exp_1", 60))


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[:-1],
        lambda t: "x" + t,
        lambda t: t[:8] + "A" + t[9:],
        lambda t: "",
        lambda t: t[:4],
        lambda t: t[:10],
        lambda t: "é.é",
        lambda t: t + ".",
    ],
)
def test_a_tampered_token_is_refused(tokens: FileTokens, change: object) -> None:
    with pytest.raises(NotFound):
        tokens.subject(change(tokens.issue("exp_1", 60)))  # type: ignore[operator]


def test_a_token_outlives_a_new_key_and_tells_nothing(tokens: FileTokens) -> None:
    rotated = FileTokens(Sealer([SecretStr("t2:" + "Q" * 43), SecretStr(SETTINGS["data_keys"][0])]))
    token = tokens.issue("exp_1", 60)
    assert rotated.subject(token) == "exp_1"
    assert b"exp_1" not in base64.urlsafe_b64decode(token + "==")


@pytest.mark.parametrize("scheme", ["", "file://"])
async def test_a_folder_is_made_and_a_file_read_in_pieces(tmp_path: Path, scheme: str) -> None:
    store = open_files(f"{scheme}{tmp_path}/files")
    content = bytes(range(256)) * 4096
    await obstore.put_async(store, "a/b.csv", content)
    pieces = [piece async for piece in read(store, "a/b.csv", chunk_size=100_000)]
    assert b"".join(pieces) == content
    assert len(pieces) > 1


async def test_a_missing_file_is_not_found() -> None:
    with pytest.raises(NotFound):
        [piece async for piece in read(open_files("memory://"), "nope")]


async def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    store = open_files(str(tmp_path))
    await obstore.put_async(store, "a/whole.csv", b"x")
    (tmp_path / "a" / "torn.csv#1").write_bytes(b"x")
    remove_torn(store, "a")
    remove_torn(store, "nothing")
    remove_torn(open_files("memory://"), "a")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["whole.csv"]

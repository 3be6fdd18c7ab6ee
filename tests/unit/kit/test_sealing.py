import pytest
from pydantic import SecretStr

from services.kit.sealing import LookupKey, SealBroken, Sealer

OLD = SecretStr("old:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE")
NEW = SecretStr("new:" + "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI")


def test_a_sealed_value_opens_in_its_own_context_only() -> None:
    sealer = Sealer([OLD])
    sealed = sealer.seal("ann@example.com", "user.email")
    assert b"ann" not in sealed
    assert sealer.open_text(sealed, "user.email") == "ann@example.com"
    with pytest.raises(SealBroken):
        sealer.open(sealed, "user.phone")


def test_a_tampered_value_does_not_open() -> None:
    sealer = Sealer([OLD])
    sealed = bytearray(sealer.seal("x", "c"))
    sealed[-1] ^= 1
    with pytest.raises(SealBroken):
        sealer.open(bytes(sealed), "c")


def test_many_values_sealed_at_once_are_like_single_ones() -> None:
    sealer, values = Sealer([NEW, OLD]), ["ann", "ann", "", "ö" * 1000]
    sealed = sealer.seal_all(values, "c")
    assert [sealer.open_text(each, "c") for each in sealed] == values
    assert len(set(sealed)) == 4, "each has a nonce of its own"
    assert all(each.startswith(sealer.header) for each in sealed)
    assert sealer.seal_all([], "c") == []
    with pytest.raises(SealBroken):
        sealer.open(sealed[0], "d")


def test_after_rotation_old_values_still_open_and_new_ones_use_the_new_key() -> None:
    before = Sealer([OLD]).seal("x", "c")
    rotated = Sealer([NEW, OLD])
    assert rotated.open(before, "c") == b"x"
    with pytest.raises(SealBroken):
        Sealer([OLD]).open(rotated.seal("x", "c"), "c")


def test_a_lookup_depends_on_key_kind_and_value() -> None:
    key, other = (
        LookupKey(SecretStr(OLD.get_secret_value()[4:])),
        LookupKey(SecretStr(NEW.get_secret_value()[4:])),
    )
    assert key.digest("email", "a") == key.digest("email", "a")
    assert (
        len(
            {
                key.digest("email", "a"),
                key.digest("phone", "a"),
                key.digest("email", "b"),
                other.digest("email", "a"),
            }
        )
        == 4
    )


def test_many_lookups_at_once_are_like_single_ones() -> None:
    key, values = LookupKey(SecretStr(OLD.get_secret_value()[4:])), ["a", "", "ö" * 1000]
    assert key.digests("code", values) == [key.digest("code", value) for value in values]
    assert key.digests("code", []) == []

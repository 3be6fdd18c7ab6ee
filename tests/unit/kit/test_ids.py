from services.kit.ids import encode, ids_at, is_id, new_id, new_ids, user_id


def test_ids_are_prefixed_and_sort_by_time() -> None:
    ids = [new_id("ent") for _ in range(50)]
    assert all(is_id("ent", id_) for id_ in ids)
    assert len(set(ids)) == 50
    # Within one millisecond the order is free; the time part never goes back.
    assert [id_[:14] for id_ in ids] == sorted(id_[:14] for id_ in ids)


def test_many_ids_at_once_are_like_single_ones() -> None:
    before, ids, after = new_id("cod"), new_ids("cod", 500), new_id("cod")
    assert all(is_id("cod", id_) for id_ in ids)
    assert len(set(ids)) == 500
    assert ids == sorted(ids)
    assert before[:14] <= ids[0][:14] <= ids[-1][:14] <= after[:14]
    assert new_ids("cod", 0) == []


def test_ids_of_a_moment_are_made_of_what_they_are_given() -> None:
    rest = bytes(range(30))
    first, second, third = ids_at("sel", 1_700_000_000_000, rest)
    assert first < second < third
    assert [first] == ids_at("sel", 1_700_000_000_000, rest[:10])
    assert ids_at("sel", 1_700_000_000_001, rest)[0] > third
    assert first == f"sel_{encode((1_700_000_000_000 << 80) | int.from_bytes(rest[:10]))}"


def test_a_user_id_depends_on_issuer_and_subject_alone() -> None:
    ann = user_id("https://issuer.example", "ann")
    assert ann == user_id("https://issuer.example", "ann")
    assert is_id("usr", ann)
    assert len({ann, user_id("https://issuer.example", "bob"), user_id("https://other.example", "ann")}) == 3


def test_what_is_no_id_is_told_apart() -> None:
    good = new_id("ent")
    for bad in (
        "",
        "ent_",
        good.upper(),
        good[:-1],
        good + "0",
        good.replace("ent", "wav"),
        "ent_" + "u" * 26,
        "ent_8" + "0" * 25,
    ):
        assert not is_id("ent", bad)

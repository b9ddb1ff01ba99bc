"""What is answered comes before its answers, and nothing is lost on the way."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from newsletter.comments.imports import Imported, Skipped, in_order, read
from newsletter.comments.imports.model import ImportedStatus
from newsletter.comments.imports.order import REPEATED, UNANSWERED
from tests.comments.imports.conftest import SAMPLES


def said(id: str, parent: str | None = None, status: ImportedStatus = "approved") -> Imported:
    page = "https://olga.example.org/"
    return Imported("wordpress", id, parent, page, "", "Ada", "", "", "x", True, True, 1, status)


def ordered(*found: Imported | Skipped) -> list[tuple[str, str | None]]:
    return [(one.source_id, one.parent_id) for one in in_order(found) if isinstance(one, Imported)]


def test_an_answer_that_stands_first_waits() -> None:
    found = [one.source_id for one in in_order(read(SAMPLES / "wordpress.xml")) if isinstance(one, Imported)]
    assert found == ["11", "12", "13"]


def test_a_chain_from_the_end_is_turned_round_however_long() -> None:
    chain = [said(str(n), str(n - 1)) for n in range(5_000, 0, -1)]
    assert [id for id, _ in ordered(*chain, said("0"))] == [str(n) for n in range(5_001)]


def test_orphans_come_last_and_stand_for_themselves() -> None:
    assert ordered(said("2", "missing"), said("3", "2"), said("1")) == [("1", None), ("2", None), ("3", "2")]


def test_an_answer_to_something_skipped_stands_for_itself_before_or_behind_it() -> None:
    skipped = Skipped("0", "It is a pingback.")
    assert ordered(skipped, said("1", "0"), said("2")) == [("1", None), ("2", None)]
    assert ordered(said("1", "0"), skipped, said("2")) == [("1", None), ("2", None)]


def test_a_circle_is_opened_and_none_of_it_lost() -> None:
    assert ordered(said("1", "2"), said("2", "3"), said("3", "1"), said("4", "4")) == [
        ("4", None),
        ("1", None),
        ("3", "1"),
        ("2", "3"),
    ]


def test_of_what_is_there_twice_the_first_is_taken_and_the_others_are_told() -> None:
    found = [said("1"), said("3", "2"), said("1"), said("3", "2"), said("2"), said("2", "9"), said("1", "3")]
    assert ordered(*found) == [("1", None), ("2", None), ("3", "2")]
    told = [(one.source_id, one.reason) for one in in_order(found) if isinstance(one, Skipped)]
    assert sorted(told) == [(id, REPEATED) for id in ("1", "1", "2", "3")]


def test_what_was_deleted_keeps_its_place_only_for_its_answers() -> None:
    gone = [
        said("1", None, "deleted"),
        said("2", "1", "deleted"),
        said("4", "2", "deleted"),
        said("5", None, "deleted"),
    ]
    found = [*gone, said("6"), said("3", "2")]
    for order in (found, found[::-1]):
        places = [(id, parent) for id, parent in ordered(*order) if id != "6"]
        assert places == [("1", None), ("2", "1"), ("3", "2")]
        told = [(one.source_id, one.reason) for one in in_order(order) if isinstance(one, Skipped)]
        assert sorted(told) == [("4", UNANSWERED), ("5", UNANSWERED)]


def test_what_is_in_order_is_held_back_nowhere() -> None:
    asked = 0

    def source() -> Iterator[Imported]:
        nonlocal asked
        for n in range(100):
            asked += 1
            yield said(str(n), str(n - 1) if n else None)

    for given_out, _ in enumerate(in_order(source()), 1):
        assert asked == given_out


@given(st.permutations(range(12)), st.lists(st.integers(-1, 14), min_size=12, max_size=12))
def test_in_any_mess_each_comes_once_and_behind_its_parent(order: list[int], parents: list[int]) -> None:
    found = [said(str(n), str(parents[n]) if parents[n] >= 0 else None) for n in order]
    out = ordered(*found)
    assert sorted(id for id, _ in out) == sorted(one.source_id for one in found)
    seen: set[str] = set()
    for id, parent in out:
        assert parent is None or parent in seen
        seen.add(id)

"""`make mutants` makes the mistakes it says, hears whether a test noticed, and lists only what there is."""

from pathlib import Path

import msgspec
import pytest

from tests.house.source import ROOT
from tests.mutants import known
from tests.mutants.__main__ import main, sampled
from tests.mutants.changes import mutants
from tests.mutants.copies import Copy
from tests.mutants.guards import GOAL, GUARDS, files, guarding
from tests.mutants.hand import Job, Map
from tests.mutants.kept import Kept, Tried, digest
from tests.mutants.report import listed, report
from tests.mutants.trial import Trial, job

SOURCE = '''\
"""Reads, ages and forgets."""

log = logging.getLogger(__name__)

def read(token: str | None, now: int = 0) -> int:
    """1 + 1 is none of it."""
    if token and not now:
        log.info("read %d", 2)
        raise ValueError("too + long")
    while now % 2 == 1:
        break
    return now

SQL = "SELECT id FROM a WHERE a <= :a AND b IS NULL"
'''
PATH = "newsletter/tokens.py"


def changes(text: str) -> set[str]:
    return {mutant.change for mutant in mutants(PATH, text)}


def test_each_small_mistake_is_made_once() -> None:
    assert changes(SOURCE) == {
        "0 => 1",
        "token and (not now) => token or not now",
        "token and (not now) => not (token and (not now))",
        "not now => now",
        "raise ValueError('too + long') => pass",
        "now % 2 == 1 => now % 2 != 1",
        "now % 2 => now * 2",
        "2 => 3",
        "1 => 2",
        "break => continue",
        "return now => return None",
        "'SELECT id FROM a WHERE a <= :a AND b IS NULL' => 'SELECT id FROM a WHERE a <= :a OR b IS NULL'",
        "'SELECT id FROM a WHERE a <= :a AND b IS NULL' => 'SELECT id FROM a WHERE a < :a AND b IS NULL'",
        "'SELECT id FROM a WHERE a <= :a AND b IS NULL' => 'SELECT id FROM a WHERE a <= :a AND b IS NOT NULL'",
    }


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("a < b", "a < b => not a < b"),
        ("a < b", "a < b => a <= b"),
        ("a is b", "a is b => a is not b"),
        ("f(True)", "True => False"),
        ("f(a)", "f(a) => pass"),
        ("async def f():\n    await a", "await a => pass"),
        ("x += 1", "x += 1 => pass"),
        ("[a for a in b if a]", "a => not a"),
        ("'UPDATE a SET b = b + 1'", "'UPDATE a SET b = b + 1' => 'UPDATE a SET b = b - 1'"),
    ],
)
def test_a_mistake_is_among_them(text: str, change: str) -> None:
    assert change in changes(f"x = {text}" if text.startswith("'") else text)


def test_what_would_be_the_same_is_left_alone() -> None:
    assert {one.change for one in mutants(PATH, "def f(): return False")} == {"False => True"}
    assert "return 0 => return None" in changes("def f(): return 0")
    assert not changes("class A(B, frozen=True): pass")


def test_each_differs_from_what_it_was_made_of_and_has_a_name_of_its_own() -> None:
    text = (ROOT / PATH).read_text("utf-8")
    found = mutants(PATH, text)
    assert len({one.text for one in found}) == len({one.name for one in found}) == len(found) > 50
    assert all(compile(one.text, PATH, "exec") for one in found)


def test_a_larger_sample_has_the_smaller_in_it() -> None:
    every = mutants(PATH, SOURCE)
    assert set(sampled(every, 3, 7)) < set(sampled(every, 6, 7)) < set(sampled(every, None, 7)) == set(every)
    assert sampled(every, 3, 7) == sampled(every, 3, 7) != sampled(every, 3, 8)


def test_the_quickest_tests_that_go_through_a_line_come_first() -> None:
    mutant = mutants(PATH, SOURCE)[0]
    slow, quick, other = (f"tests/test_tokens.py::{name}" for name in ("slow", "quick", "other"))
    ways = Map({slow: 9.0, quick: 0.1, other: 0.0}, {PATH: {mutant.line: [slow, quick]}}, [])
    assert list(job("tokens", mutant, ways, 60).wanted) == [quick, slow]
    assert list(job("tokens", mutant, ways, 0.1).wanted) == [quick]
    here, there = f"{quick}[sqlite]", f"{quick}[postgres]"
    took = {here: 9.0, there: 0.0, slow: 9.5}
    both = Map(took, {PATH: {mutant.line: [here, there, slow]}}, [])
    assert list(job("storage", mutant, both, 60).wanted) == [here, slow]
    alone = Map(took, {PATH: {mutant.line: [there, slow], 99: [here]}}, [])
    assert list(job("storage", mutant, alone, 60).wanted) == [there, slow, here]
    elsewhere = Map(ways.took, {PATH: {99: [quick, other], mutant.line: [slow]}}, [])
    assert list(job("tokens", mutant, elsewhere, 60).wanted) == [slow, other, quick]
    assert list(job("tokens", mutant, Map(ways.took, {}, []), 60).wanted) == [other, quick, slow]


def test_who_noticed_the_last_one_nearby_is_asked_first() -> None:
    one, *_, other = mutants(PATH, SOURCE)
    quick, slow = (f"tests/test_tokens.py::{name}" for name in ("quick", "slow"))
    ways = Map({quick: 0.1, slow: 9.0}, {PATH: {one.line: [slow, quick], other.line: [slow, quick]}}, [])
    trial = Trial("tokens", ways, 60)
    whole = job("tokens", one, ways, 60)
    assert trial.near(one, whole) is None
    trial.heed(one, slow)
    near = trial.near(other, whole)
    assert near is not None
    assert (list(near.wanted), near.tests, near.markers) == ([slow], whole.tests, whole.markers)
    trial.heed(one, "tests/test_elsewhere.py::test")
    assert trial.near(one, whole) == near, "nobody who does not go through it"


def test_who_survives_without_a_reason_fails_and_so_does_too_low_a_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    some = mutants(PATH, (ROOT / PATH).read_text("utf-8"))[:20]
    kept = Kept(tmp_path / "mutants.json", {}, {"tokens": guarding("tokens")})
    for mutant in some:
        kept.add("tokens", mutant, Tried("failed", 0.1))
    assert report({"tokens": some}, kept, {}) == 0
    kept.add("tokens", some[0], Tried("passed", 0.1))
    assert report({"tokens": some}, kept, {some[0].name: "equal"}) == 0
    capsys.readouterr()
    assert report({"tokens": some}, kept, {}) == 1
    said = capsys.readouterr().out
    assert f"{PATH}:{some[0].line} {some[0].place}: {some[0].change}" in said
    assert '"name": "mutation_tokens_percent_of_20", "value": 95.0, "goal": ">= 85", "holds": true' in said
    for mutant in some[:4]:
        kept.add("tokens", mutant, Tried("passed", 0.1))
    assert report({"tokens": some}, kept, {mutant.name: "equal" for mutant in some}) == 1


def test_what_was_noticed_is_not_tried_again_and_the_rest_once_a_test_has_changed(tmp_path: Path) -> None:
    noticed, survived, new = mutants(PATH, (ROOT / PATH).read_text("utf-8"))[:3]
    path = tmp_path / "mutants.json"
    guards = {part: guarding(part) for part in ("tokens", "storage")}
    kept = Kept.read(path, guards)
    kept.add("tokens", noticed, Tried("too long", 0.1))
    kept.add("tokens", survived, Tried("passed", 0.1))
    again = Kept.read(path, guards)
    assert [again.knows("tokens", mutant) for mutant in (noticed, survived, new)] == [True, True, False]
    assert [again.knows("storage", mutant) for mutant in (noticed, survived)] == [True, False]  # other tests


def test_what_is_known_of_a_whole_source_goes_along_with_it(tmp_path: Path) -> None:
    every = mutants(PATH, (ROOT / PATH).read_text("utf-8"))
    guards = {"tokens": guarding("tokens")}
    reasons = {every[0].name: "equal"}
    kept = Kept(tmp_path / "mutants.json", {}, guards, {}, reasons)
    for mutant in every[1:]:
        kept.add("tokens", mutant, Tried("failed", 0.1))
    assert not kept.whole("tokens", every), "one was not tried"
    kept.add("tokens", every[0], Tried("passed", 0.1))
    found = kept.whole("tokens", every)
    assert found[PATH].noticed == found[PATH].mutants - 1 == len(every) - 1
    assert not Kept.read(tmp_path / "mutants.json", guards).whole("tokens", every), "it has no reason"

    known.write(found, tmp_path / "known.csv")
    elsewhere = Kept(tmp_path / "none.json", {}, guards, known.read(tmp_path / "known.csv"), reasons)
    assert all(elsewhere.knows("tokens", mutant) for mutant in every)
    assert [elsewhere.of(mutant).end for mutant in every[:2]] == ["passed", "failed"]
    stale = {PATH: msgspec.structs.replace(found[PATH], digest="of another")}
    assert not Kept(tmp_path / "none.json", {}, guards, stale).knows("tokens", every[1])


def test_what_is_known_is_of_sources_that_are_there_and_of_all_their_mutants() -> None:
    reasons = listed()
    for path, one in known.read().items():
        if one.digest == digest([ROOT / path]):
            every = mutants(path, (ROOT / path).read_text("utf-8"))
            alive = sum(mutant.name in reasons for mutant in every)
            assert (one.mutants, one.noticed) == (len(every), len(every) - alive), path


def test_all_that_is_listed_is_there_and_has_a_reason() -> None:
    reasons = listed()
    parts = [path for part in GUARDS for path in files(part)]
    paths = {name.partition(" ")[0] for name in reasons}
    assert paths <= set(parts)
    names = {mutant.name for path in paths for mutant in mutants(path, (ROOT / path).read_text("utf-8"))}
    assert not reasons.keys() - names, "Take these out of tests/mutants/survivors.csv."
    assert all(reasons.values())
    assert GOAL >= 85


@pytest.mark.parametrize("part", GUARDS)
def test_each_part_has_its_sources_and_tests(part: str) -> None:
    assert files(part)
    assert len(guarding(part)) >= len(GUARDS[part])


def test_a_mistake_is_noticed_in_a_copy_and_the_tree_is_as_it_was(tmp_path: Path) -> None:
    path = "newsletter/ids.py"
    before = (ROOT / path).read_bytes()
    made = mutants(path, before.decode())
    mistake = next(one for one in made if one.place == "read_id" and one.change.endswith("=> return None"))
    test = "tests/test_ids.py::test_an_id_is_read_as_it_was_written[7]"
    with Copy(tmp_path) as copy:
        some = Job(["tests/test_ids.py"], {test: 0.0})
        assert [copy.run(some).end, copy.answer(mistake, some).end, copy.run(some).end] == [
            "passed",
            "failed",
            "passed",
        ]
        assert "1 failed" not in copy.log()
        assert copy.answer(mistake, some).by == test
        mapped = tmp_path / "map.json"
        assert copy.run(Job(["tests/test_ids.py"], map=str(mapped))).end == "passed"
        assert copy.run(Job(["tests/test_ids.py"], limit=0.0)).end == "too long"
        assert copy.run(Job(["tests/test_ids.py"], {"tests/test_ids.py::nothing": 0.0})).end == "none"
    ways = msgspec.json.decode(mapped.read_bytes(), type=Map)
    assert set(ways.lines[path][mistake.line]) <= set(ways.took)
    assert ways.lines[path][mistake.line]
    assert (ROOT / path).read_bytes() == before


def test_a_part_that_is_none_is_refused() -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["harbour"])

"""The README's table is that of the promises, and what stands in it is what the proofs have measured."""

import re

import pytest

from tests.named import Row, rows
from tests.outcomes import Outcome
from tests.proof.promises import BEGIN, END, README, UNKNOWN, measured

KILL = "tests/proof/test_kill.py::test_x"
FIGURES = [
    '{"name": "kills", "value": 700}',
    '{"name": "kills", "value": 800}',
    '{"name": "auc_a", "value": 0.4812}',
    '{"name": "auc_b", "value": 0.5}',
    '{"name": "kills_control_lost", "value": 9}',
    '{"name": "kills_lost", "value": 0}',
]


def of(sentence: str, *, passed: bool = True) -> str:
    outcomes = {f"{KILL}[1]": Outcome("2026-01-15 12:00", passed, FIGURES), KILL: Outcome("", True)}
    return measured(Row("1", "", (KILL,), "", sentence), outcomes)


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("{kills} kills, {kills_*lost} lost", "1,500 kills, 0 lost"),
        ("{kills_control_lost} where it is broken", "9 where it is broken"),
        ("{auc_*:least} to {auc_*:most}", "0.48 to 0.50"),
        ("{kills:most} in {passed} tests", "800 in 2 tests"),
        ("{cuts} cuts", "(cuts is missing) cuts"),
    ],
)
def test_a_sentence_has_its_figures(sentence: str, said: str) -> None:
    assert of(sentence) == said


def test_what_failed_is_not_shown() -> None:
    assert of("{kills} kills", passed=False) == UNKNOWN


def test_the_readme_has_a_row_for_each_promise() -> None:
    _, _, rest = README.read_text("utf-8").partition(BEGIN)
    found = re.findall(r"^\| (\d+) \| (.+?) \| (.+) \|$", rest.partition(END)[0], re.MULTILINE)
    promises = rows("promises")
    assert [row[:2] for row in found] == [(row.id, row.what) for row in promises]
    assert [row.id for row in promises] == [str(number) for number in range(1, len(promises) + 1)]
    for row, (_, _, said) in zip(promises, found, strict=True):
        words = [re.escape(part) for part in re.split(r"\{[^}]+\}", row.measured)]
        assert said == UNKNOWN or re.fullmatch(r"[\d.,]+".join(words), said), row.id

"""What is kept of why a mail did not leave is said in the language of who reads it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter import words
from newsletter.mail import kept
from tests import words as gathering

_SAY = {"RelayTrouble", "Broken", "Outcome", "settlement", "MessageError", "release", "cut", "distrust"}
_SAY |= {"_undo", "_until"}
_OWN_WORDS = {"templates/email/x: x."}  # a fault of ours, with Jinja's words


def test_all_that_a_worker_keeps_is_known() -> None:
    said = {*_sentences()}
    assert len(said) > 30
    known = [kept.pattern(one) for one in kept.SENTENCES]
    assert not {one for one in said - _OWN_WORDS if not any(matches.fullmatch(one) for matches in known)}


@pytest.fixture
def german() -> Iterator[None]:
    words.speak("de")
    yield
    words.speak("en")


def test_it_is_said_again_with_its_values(german: None) -> None:
    assert kept.said("The relay mail.example.org:465 refused the login (535).") == (
        "Der Mailserver mail.example.org:465 hat die Anmeldung abgelehnt (535)."
    )
    assert kept.said("It can't be made: The frozen message can't be read.") == (
        "Sie lässt sich nicht machen: Die eingefrorene Nachricht lässt sich nicht lesen."
    )
    assert kept.said("The connection was lost.") == "Die Verbindung riss ab."
    assert kept.said("550 5.1.1 The database was away. No.") == "550 5.1.1 The database was away. No."
    assert kept.said("") == ""


def _sentences() -> Iterator[str]:
    """With an x for each value."""
    for path in (gathering.ROOT / "newsletter" / "mail").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _SAY:
                yield from filter(lambda said: " " in said, map(_sample, node.args))
        yield from _returned(path)


def _returned(path: Path) -> Iterator[str]:
    """Of what says why there is no connection."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == "_connect_trouble":
            yield from (
                _sample(one.value) for one in ast.walk(node) if isinstance(one, ast.Return) and one.value
            )


def _sample(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_sample, node.values))
    if isinstance(node, ast.FormattedValue):
        return _sample(node.value.body) if isinstance(node.value, ast.IfExp) else "x"
    return ""

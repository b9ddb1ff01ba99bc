"""What readers and the owner see has the apostrophes of print, as its templates have; code keeps its own."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import newsletter

HOME = Path(newsletter.__file__).parent
FOLDERS = tuple(
    HOME / name for name in ("web/public", "web/kit", "web/admin", "comments", "signups", "broadcasts")
)
SAID = [HOME / "addresses.py", *(path for folder in FOLDERS for path in sorted(folder.glob("*.py")))]
STRAIGHT = re.compile(r"(?<=[A-Za-z])'(?=(?:s|t|re|ll|d|ve|m)\b)")


def strings(tree: ast.AST) -> Iterator[str]:
    """All but docstrings, which are for who reads the code."""
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            if isinstance(node, ast.Expr):
                continue
            if isinstance(child, ast.Constant) and isinstance(child.value, str):
                yield child.value


def test_no_sentence_has_a_straight_one() -> None:
    found = [
        (path.name, text)
        for path in SAID
        for text in strings(ast.parse(path.read_text("utf-8")))
        if STRAIGHT.search(text)
    ]
    assert [one for one in found if "SELECT" not in one[1]] == []
    assert len(SAID) > 30

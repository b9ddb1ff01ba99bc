"""The project's files, as the rules of the house look at them."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    root: Path
    path: str

    @cached_property
    def text(self) -> str:
        try:
            return (self.root / self.path).read_text("utf-8")
        except UnicodeDecodeError:
            return ""  # a picture, a font, a PDF

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text) if self.path.endswith(".py") else ast.Module([], [])

    @property
    def ours(self) -> bool:
        return self.path.startswith("newsletter/")

    def imports(self) -> Iterator[tuple[int, str, tuple[str, ...]]]:
        """Line, module, and the names taken from it, if any."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name, ()) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.lineno, "." * node.level + (node.module or ""), tuple(a.name for a in node.names)

    def strings(self) -> Iterator[tuple[int, str]]:
        """Every string that is no docstring."""
        prose = {id(node.value) for node in ast.walk(self.tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                yield node.lineno, node.value

    def functions(self) -> Iterator[tuple[str, int, int]]:
        """Name, first line, number of lines."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1

    def at(self, line: int, sentence: str) -> str:
        return f"{self.path}:{line}: {sentence}"


def tracked(root: Path = ROOT) -> list[Source]:
    """Every file that is, or is about to be, part of the project."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        ran = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
        names = ran.stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):  # an unpacked sdist
        names = [str(path.relative_to(root)) for path in root.rglob("*") if ".venv" not in path.parts]
    return [Source(root, name) for name in sorted(names) if name and (root / name).is_file()]

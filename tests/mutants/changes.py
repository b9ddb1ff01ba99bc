"""The small mistakes that are made in a source, one at a time, to see whether a test notices: its mutants.

Comparisons and their bounds, `and`/`or`, `not`, conditions turned round, arithmetic, numbers, True and False, what is
returned, statements left out; in SQL the same for its comparisons, its AND, OR, NULL and DESC. Not changed:
annotations, decorators, docstrings, other texts, `frozen`, `strict`, and what is only written into a log.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain

import msgspec

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {}
for one, other in (
    (ast.Lt, ast.LtE),
    (ast.Gt, ast.GtE),
    (ast.Eq, ast.NotEq),
    (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn),
):
    COMPARED |= {one: other, other: one}

RECKONED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}

IS_SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|WHERE|RETURNING)\b")
IN_SQL = [
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\bAND\b", "OR"),
        (r"\bOR\b", "AND"),
        (r"(?<![<>!=])<(?![=>])", "<="),
        (r"<=", "<"),
        (r"(?<![<>=-])>(?![=>])", ">="),
        (r">=", ">"),
        (r"<>", "="),
        (r" DESC\b", ""),
        (r"\bNOT (?=IN\b|EXISTS\b)", ""),
        (r"\bIS NOT NULL\b", "IS NULL"),
        (r"\bIS NULL\b", "IS NOT NULL"),
        (r" \+ (?=[:\w])", " - "),
        (r" - (?=[:\w])", " + "),
    )
]
LEFT_ALONE = {"annotation", "returns", "decorator_list", "type_params"}
SAID_TO_READERS = {"frozen", "strict"}
"""Words of a call or a class that change nothing unless our own code is wrong already."""
WRITES_A_LOG = re.compile(r"_?log(ger)?\.(debug|info|warning|error|exception)\(")
SHOWN = 120  # characters of what is changed


class Mutant(msgspec.Struct, frozen=True):
    path: str
    line: int
    place: str  # the function it is in, `Tokens.read`
    change: str  # `now < until => now <= until`, with a number where the same is changed twice
    text: str  # of the whole file

    @property
    def name(self) -> str:
        """The same after a change elsewhere in the file, unlike its line."""
        return f"{self.path} {self.place}: {self.change}"


def mutants(path: str, text: str) -> list[Mutant]:
    """All of a file, as they stand in it. `path` is what they are named by."""
    tree = ast.parse(text)
    seen: Counter[str] = Counter()
    found = []
    for line, place, change in _walk(tree, tree, "", 1):
        seen[f"{place} {change}"] += 1
        if (times := seen[f"{place} {change}"]) > 1:
            change += f" ({times})"
        found.append(Mutant(path, line, place or "module", change, ast.unparse(tree)))
    return found


def _walk(tree: ast.AST, node: ast.AST, place: str, line: int) -> Iterator[tuple[int, str, str]]:
    """Each is made in the tree while it is handed out."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        place = f"{place}.{node.name}".lstrip(".")
    for name, value in ast.iter_fields(node):
        if name in LEFT_ALONE:
            continue
        for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _spared(child):
                continue
            here = getattr(child, "lineno", line)
            for instead in chain(_instead(child), _turned(node, name, child)):
                _put(node, name, at, instead)
                yield here, place, _shown(ast.unparse(child), ast.unparse(instead))
            _put(node, name, at, child)
            yield from _walk(tree, child, place, here)


def _put(node: ast.AST, name: str, at: int | None, child: ast.AST) -> None:
    if at is None:
        setattr(node, name, child)
    else:
        getattr(node, name)[at] = child


def _shown(before: str, after: str) -> str:
    """`a < b => a <= b`; of what is long only what is round the change."""
    before, after = (re.sub(r"(\\n|\s)+", " ", text) for text in (before, after))
    pairs = enumerate(zip(before, after, strict=False))
    same = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
    start = max(0, same - SHOWN // 2) if max(len(before), len(after)) > SHOWN else 0
    return " => ".join(
        f"{'…' * (start > 0)}{text[start : start + SHOWN]}{'…' * (len(text) > start + SHOWN)}"
        for text in (before, after)
    )


def _spared(node: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(node, ast.keyword) and node.arg in SAID_TO_READERS:
        return True
    return isinstance(node, ast.Expr) and bool(WRITES_A_LOG.match(ast.unparse(node)))


def _turned(parent: ast.AST, name: str, child: ast.AST) -> Iterator[ast.AST]:
    """A condition the other way round, where its comparison isn't turned already."""
    condition = name == "test" or (name == "ifs" and isinstance(parent, ast.comprehension))
    if condition and not isinstance(child, ast.Compare | ast.Constant):
        plain = isinstance(child, ast.UnaryOp) and isinstance(child.op, ast.Not)
        if not plain and isinstance(child, ast.expr):
            yield ast.UnaryOp(ast.Not(), child)


def _instead(node: ast.AST) -> Iterator[ast.AST]:
    for kind, ways in WAYS.items():
        if isinstance(node, kind):
            yield from ways(node)


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for at, op in enumerate(node.ops):
        ops = [*node.ops[:at], COMPARED[type(op)](), *node.ops[at + 1 :]]
        yield ast.Compare(node.left, ops, node.comparators)
    bounds = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
    if len(node.ops) == 1 and isinstance(node.ops[0], bounds):  # and turned round
        yield ast.UnaryOp(ast.Not(), node)


def _bool(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


def _not(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not):
        yield node.operand


def _reckon(node: ast.BinOp) -> Iterator[ast.AST]:
    text = isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant | ast.JoinedStr)
    if type(node.op) in RECKONED and not text:
        yield ast.BinOp(node.left, RECKONED[type(node.op)](), node.right)


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and IS_SQL.search(value):
        for pattern, instead in IN_SQL:
            for found in pattern.finditer(value):
                yield ast.Constant(value[: found.start()] + instead + value[found.end() :])


def _return(node: ast.Return) -> Iterator[ast.AST]:
    # None is as false as False, and what else stands for False is made of it by itself.
    plain = isinstance(node.value, ast.Constant) and (node.value.value is None or node.value.value is False)
    if node.value is not None and not plain:
        yield ast.Return(ast.Constant(None))


def _left_out(node: ast.stmt) -> Iterator[ast.AST]:
    yield ast.Pass()


def _loop(node: ast.stmt) -> Iterator[ast.AST]:
    yield ast.Break() if isinstance(node, ast.Continue) else ast.Continue()


WAYS: dict[type[ast.AST] | tuple[type[ast.AST], ...], Callable[..., Iterator[ast.AST]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _bool,
    ast.UnaryOp: _not,
    ast.BinOp: _reckon,
    ast.Constant: _constant,
    ast.Return: _return,
    (ast.Expr, ast.AugAssign, ast.Raise, ast.Delete): _left_out,
    (ast.Continue, ast.Break): _loop,
}

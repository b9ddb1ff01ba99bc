"""The rules of the house: each takes one source and says what it finds wrong, as `path:line: sentence`.

tests/test_house.py holds the tree to them, and shows with samples that each of them can fail.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.house.source import Source

Rule = Callable[[Source], Iterator[str]]

FEATURES = ("signups", "comments", "broadcasts", "sequences", "magnets", "subscribers", "owners", "webhooks")

DOORS = {  # each outside thing, and the only places that may import it
    "litestar": ("newsletter/web/", "newsletter/app.py"),
    "uvicorn": ("newsletter/web/server.py",),
    "aiosmtplib": ("newsletter/mail/smtp.py",),
    "itsdangerous": ("newsletter/tokens.py",),
    "cryptography": (
        "newsletter/seals.py",
        "newsletter/mail/dkim_keys.py",
        "newsletter/mail/bounces/signatures.py",
    ),
    "webauthn": ("newsletter/web/admin/passkey_proofs.py",),
    "dns": ("newsletter/doctor/names.py",),
    "email_validator": ("newsletter/addresses.py",),
    "sqlite3": ("newsletter/storage/",),
    "aiosqlite": ("newsletter/storage/",),
    "asyncpg": ("newsletter/storage/",),
    "time": ("newsletter/clock.py",),
}
ENVIRONMENT = ("newsletter/settings.py",)
CLOCK = ("newsletter/clock.py",)
SQL_PLACES = ("newsletter/mail/", "newsletter/storage/")
SQL = re.compile(
    r"\b(SELECT\s+(\d|.+?\sFROM\s)|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|PRAGMA\s"
    r"|(CREATE|ALTER|DROP)\s+(UNIQUE\s+)?(TABLE|INDEX|VIEW))"
    r"|^\s*(select\s.+?\sfrom|insert\s+into|update\s+\w+\s+set|delete\s+from)\s",
    re.DOTALL,
)

NO_NAME = re.compile(r"utils?|helpers?|common|base|managers?|services?")
NOT_OUR_WORD = re.compile(r"users?|customers?|campaigns?|leads?|contacts?")

FUNCTION = 50
LIMITS = (  # lines that a file may have, by how its path begins and ends
    ("newsletter/", ".py", 300),
    ("tests/", ".py", 300),
    ("templates/", ".html", 120),
    ("templates/", ".txt", 120),
    ("templates/", ".typ", 120),
    ("templates/", ".css", 300),
    ("templates/", ".js", 300),
    ("migrations/0", ".sql", 80),
)

HOSTS = re.compile(
    r"pypi\.(org|python)|pythonhosted\.org|npmjs\.(org|com)|deb\.debian\.org"
    r"|(docker|ghcr|quay|crates)\.io\b|://[^/\s]*(mirror|artifactory|registry)"
)
MACHINE = re.compile(r"(?<![\w.~/}])/(root|home|Users|work)/|file:/{3}")


def one_door(source: Source) -> Iterator[str]:
    if not source.ours:
        return
    for line, module, _ in source.imports():
        door = DOORS.get(module.split(".")[0])
        if door and not source.path.startswith(door):
            yield source.at(line, f"{module} comes in through {' or '.join(door)} only.")


def environment_and_time(source: Source) -> Iterator[str]:
    if not source.ours:
        return
    for line, module, names in source.imports():
        if module == "os" and {"environ", "getenv"} & set(names) and source.path not in ENVIRONMENT:
            yield source.at(line, f"the environment is read in {ENVIRONMENT[0]} only.")
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute):
            continue
        of, name = ast.unparse(node.value).rpartition(".")[2], node.attr
        if of == "os" and name in ("environ", "getenv") and source.path not in ENVIRONMENT:
            yield source.at(node.lineno, f"the environment is read in {ENVIRONMENT[0]} only.")
        if (
            of in ("datetime", "date")
            and node.attr in ("now", "utcnow", "today")
            and source.path not in CLOCK
        ):
            yield source.at(node.lineno, f"the time is read in {CLOCK[0]} only.")


def sql_in_stores(source: Source) -> Iterator[str]:
    allowed = source.path.startswith(SQL_PLACES) or re.search(r"/(\w+_)?store(\.py|/)", source.path)
    if not source.ours or allowed:
        return
    for line, text in source.strings():
        if SQL.search(text):
            yield source.at(line, "SQL stands in a …store.py, in mail/ or in storage/.")


def plain_imports(source: Source) -> Iterator[str]:
    for line, module, _ in source.imports():
        if module.startswith("."):
            yield source.at(line, "imports are absolute.")
        if module.startswith("unittest.mock"):
            yield source.at(line, "tests run the real parts, no mocks.")
    if not source.ours:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Import | ast.ImportFrom):
                    yield source.at(inner.lineno, "imports stand at the top of the module.")


def front_door(source: Source) -> Iterator[str]:
    if not source.ours:
        return
    for line, module, names in source.imports():
        for feature in FEATURES:
            inside = f"newsletter.{feature}."
            folder = source.root / "newsletter" / feature
            if source.path.startswith(f"newsletter/{feature}/"):
                continue
            shown = _shown(folder / "__init__.py")
            private = [n for n in names if (folder / f"{n}.py").exists() and n not in shown]
            if module.startswith(inside) or (module + "." == inside and private):
                yield source.at(line, f"enter by the front door: from newsletter.{feature} import …")


def _shown(door: Path) -> set[str]:
    """What a front door hands out."""
    tree = ast.parse(door.read_text("utf-8") if door.exists() else "")
    return {
        alias.asname or alias.name for n in tree.body if isinstance(n, ast.ImportFrom) for alias in n.names
    }


def size(source: Source) -> Iterator[str]:
    lines, limit = source.text.count("\n"), _limit(source.path)
    if limit and lines > limit:
        yield source.at(1, f"{lines} lines, {limit} at most.")
    for name, line, length in source.functions():
        if length > FUNCTION:
            yield source.at(line, f"{name} has {length} lines, {FUNCTION} at most.")


def _limit(path: str) -> int | None:
    return next((n for begin, end, n in LIMITS if path.startswith(begin) and path.endswith(end)), None)


def names(source: Source) -> Iterator[str]:
    """Files, classes and tables are called by the field's words, and say what is in them."""
    if source.path.endswith(".py") and source.path.startswith(("newsletter/", "tests/")):
        for part in Path(source.path).with_suffix("").parts:
            if _poor(part):
                yield source.at(1, f"{part!r} says nothing, or isn't our word for it.")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and any(map(_poor, re.findall(r"[A-Z][a-z]+", node.name))):
            yield source.at(node.lineno, f"class {node.name}: not our word for it.")
    if source.path.startswith("migrations/"):
        for table in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", source.text):
            if any(map(_poor, table.split("_"))):
                yield source.at(1, f"table {table}: not our word for it.")


def _poor(word: str) -> bool:
    return bool(NO_NAME.fullmatch(word.lower()) or NOT_OUR_WORD.fullmatch(word.lower()))


def reasons(source: Source) -> Iterator[str]:
    """What switches a check off names the check and says why."""
    if not source.path.endswith(".py"):
        return
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type != tokenize.COMMENT:
            continue
        for mark, form in (
            ("# noqa", r"# noqa: [A-Z]+\d+(, ?[A-Z]+\d+)*\s+\S+ \S+"),
            ("# type: ignore", r"# type: ignore\[[\w, -]+\]\s+# \S+ \S+"),
        ):
            if mark in token.string and not re.search(form, token.string):
                yield source.at(token.start[0], f"{mark[2:]} needs its code and, beside it, its reason.")


def reasons_in_pyproject(source: Source) -> Iterator[str]:
    if source.path != "pyproject.toml":
        return
    inside = False
    for number, line in enumerate(source.text.splitlines(), 1):
        if line.startswith(("ignore = [", "ignore_imports = [", "[tool.ruff.lint.per-file-ignores]")):
            inside = True
        elif line.startswith(("]", "[")) or not line.strip():
            inside = False
        elif inside and "#" not in line:
            yield source.at(number, "what is ignored needs its reason beside it.")
        if (
            re.match(r"\s*(ignore_missing_imports|disable_error_code|\"(ignore|default):)", line)
            and "#" not in line
        ):
            yield source.at(number, "what is ignored needs its reason beside it.")


def anybodys_machine(source: Source) -> Iterator[str]:
    """The files are the same on every machine: no package host, no path of the one they were written on."""
    for number, line in enumerate(source.text.splitlines(), 1):
        for found in (HOSTS.search(line), MACHINE.search(line)):
            if found:
                yield source.at(number, f"{found.group()!r} belongs to one machine, or names a package host.")


def mirror(source: Source) -> Iterator[str]:
    """tests/ has the folders of newsletter/, and a few of its own."""
    if not re.fullmatch(r"tests/.+/test_\w+\.py", source.path):
        return
    folder = Path(source.path).parent.relative_to("tests")
    if folder.parts[0] not in ("browser", "proof") and not (source.root / "newsletter" / folder).is_dir():
        yield source.at(1, f"there is no newsletter/{folder}/ that it could test.")


RULES: tuple[Rule, ...] = (
    one_door,
    environment_and_time,
    sql_in_stores,
    plain_imports,
    front_door,
    size,
    names,
    reasons,
    reasons_in_pyproject,
    anybodys_machine,
    mirror,
)

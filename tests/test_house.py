"""The tree keeps the rules of the house, and every rule can fail."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import rules
from tests.house.rules import FEATURES, Rule
from tests.house.source import ROOT, Source, tracked

TREE = tracked()
FINE = "newsletter/mail/fine.py"


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps(rule: Rule) -> None:
    complaints = [complaint for source in TREE for complaint in rule(source)]
    assert not complaints, "\n" + "\n".join(complaints)


def test_every_part_has_its_tests() -> None:
    parts = {Path(s.path).parts[1] for s in TREE if re.fullmatch(r"newsletter/\w+/.+\.py", s.path)}
    tested = {Path(s.path).parts[1] for s in TREE if re.fullmatch(r"tests/\w+/(.+/)?test_\w+\.py", s.path)}
    assert not parts - tested, f"No test in tests/: {sorted(parts - tested)}"


def test_the_five_largest(capsys: pytest.CaptureFixture[str]) -> None:
    modules = [(s.text.count("\n"), s.path) for s in TREE if s.ours and s.path.endswith(".py")]
    functions = [(n, f"{s.path}:{line} {name}") for s in TREE if s.ours for name, line, n in s.functions()]
    with capsys.disabled():
        for title, sizes in (("modules", modules), ("functions", functions)):
            print(f"\nThe five largest {title}:")
            print("\n".join(f"{lines:5}  {where}" for lines, where in sorted(sizes, reverse=True)[:5]))


def test_the_layers_hold() -> None:
    ran = lint_imports(ROOT)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A package with a module for every layer, under the contracts of this one."""
    package = tmp_path / "newsletter"
    for folder in (*FEATURES, "cli", "web", "mail", "storage"):
        (package / folder).mkdir(parents=True)
        (package / folder / "__init__.py").touch()
    for module in (
        "__init__",
        "__main__",
        "app",
        "settings",
        "clock",
        "words",
        "errors",
        "tokens",
        "addresses",
        "providers",
        "paths",
        "ids",
    ):
        (package / f"{module}.py").touch()
    (package / "clock.py").write_text("import newsletter.errors")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text("utf-8"), "utf-8")
    return tmp_path


def test_the_layers_can_break(small: Path) -> None:
    assert lint_imports(small).returncode == 0


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("mail/worker.py", "from newsletter import web"),
        ("signups/actions.py", "import newsletter.comments"),
        ("ids.py", "import newsletter.storage"),
        ("subscribers/actions.py", "import newsletter.magnets"),
        ("payments/__init__.py", ""),
        ("errors.py", "import newsletter.clock"),
    ],
)
def test_a_broken_layer_is_seen(small: Path, path: str, text: str) -> None:
    target = small / "newsletter" / path
    target.parent.mkdir(exist_ok=True)
    target.write_text(text)
    assert lint_imports(small).returncode == 1


LONG = "def f():\n" + "    f()\n" * 50
BAD = [
    (rules.one_door, FINE, "import litestar.connection"),
    (rules.one_door, "newsletter/web/public/forms.py", "from sqlite3 import connect"),
    (rules.one_door, "newsletter/mail/worker.py", "import aiosmtplib"),
    (rules.one_door, FINE, "from time import sleep"),
    (rules.environment_and_time, FINE, "import os\nkey = os.environ['KEY']"),
    (rules.environment_and_time, FINE, "from os import getenv"),
    (rules.environment_and_time, FINE, "import datetime\nthen = datetime.datetime.now()"),
    (rules.environment_and_time, FINE, "today = date.today()"),
    (rules.sql_in_stores, "newsletter/signups/actions.py", "tx.all(Row, '''SELECT id\nFROM forms''')"),
    (rules.sql_in_stores, "newsletter/app.py", "ready = 'SELECT 1'"),
    (
        rules.sql_in_stores,
        "newsletter/web/admin/desk.py",
        "q = 'insert into forms values (:id)'",
    ),
    (rules.plain_imports, FINE, "def f():\n    import json"),
    (rules.plain_imports, FINE, "from . import outbox"),
    (rules.plain_imports, "tests/test_x.py", "from unittest.mock import patch"),
    (rules.front_door, "newsletter/web/x.py", "from newsletter.signups.store import find"),
    (rules.front_door, "newsletter/web/x.py", "from newsletter.signups import store"),
    (rules.front_door, "newsletter/magnets/x.py", "import newsletter.subscribers.model"),
    (rules.size, FINE, "\n" * 301),
    (rules.size, "templates/public/form.html", "\n" * 121),
    (rules.size, "migrations/0001_mail.sql", "\n" * 81),
    (rules.size, "tests/test_x.py", LONG),
    (rules.names, "newsletter/mail/utils.py", ""),
    (rules.names, "newsletter/helpers/mail.py", ""),
    (rules.names, FINE, "class UserManager: pass"),
    (rules.names, "migrations/0001_mail.sql", "CREATE TABLE campaigns (id INT)"),
    (rules.reasons, FINE, "x = 1  # noqa"),
    (rules.reasons, FINE, "x = 1  # noqa: S101"),
    (rules.reasons, FINE, "x = 1  # type: ignore[misc]"),
    (rules.reasons, FINE, "x = 1  # type: ignore  # because it is"),
    (rules.reasons_in_pyproject, "pyproject.toml", 'ignore = [\n  "D100",\n]'),
    (rules.reasons_in_pyproject, "pyproject.toml", "ignore_missing_imports = true"),
    (rules.anybodys_machine, "docs/x.md", "see https://pypi" + ".org/"),
    (rules.anybodys_machine, "Makefile", "cd /" + "root/newsletter"),
    (rules.mirror, "tests/payments/test_x.py", ""),
]
GOOD = [
    (rules.one_door, "newsletter/web/public/forms.py", "import litestar"),
    (rules.environment_and_time, FINE, "from newsletter import clock\nthen = clock.now()"),
    (rules.sql_in_stores, "newsletter/signups/store.py", "q = 'SELECT id FROM forms'"),
    (rules.sql_in_stores, FINE, "'''SELECT id FROM forms'''\nx = 'Select one from the list.'"),
    (rules.front_door, "newsletter/web/x.py", "from newsletter.signups import sign_up"),
    (rules.front_door, "newsletter/web/x.py", "from newsletter.signups import seed"),
    (rules.front_door, "newsletter/signups/actions.py", "from newsletter.signups import store"),
    (rules.size, FINE, "\n" * 300),
    (
        rules.reasons,
        FINE,
        "x = 1  # noqa: S101  true by then\ny = 2  # type: ignore[misc]  # untyped there",
    ),
    (rules.reasons_in_pyproject, "pyproject.toml", 'ignore = [\n  "D100",  # obvious\n]'),
    (rules.mirror, "tests/mail/test_x.py", ""),
]


def complaints(root: Path, rule: Rule, path: str, text: str) -> list[str]:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)
    signups = root / "newsletter/signups"
    signups.mkdir(parents=True, exist_ok=True)
    (signups / "store.py").touch()
    (signups / "seed.py").touch()
    (signups / "__init__.py").write_text("from newsletter.signups.seed import seed")
    (root / "newsletter/mail").mkdir(exist_ok=True)
    return list(rule(Source(root, path)))


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_a_broken_rule_is_seen(tmp_path: Path, rule: Rule, path: str, text: str) -> None:
    assert complaints(tmp_path, rule, path, text)


@pytest.mark.parametrize(("rule", "path", "text"), GOOD)
def test_a_kept_rule_is_quiet(tmp_path: Path, rule: Rule, path: str, text: str) -> None:
    assert not complaints(tmp_path, rule, path, text)


def test_no_rule_is_without_a_sample() -> None:
    assert {rule for rule, _, _ in BAD} == set(rules.RULES)

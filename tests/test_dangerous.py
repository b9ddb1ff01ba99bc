"""What no code of ours does, and the few places where it trusts something, each looked over by a person."""

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from newsletter.paths import TEMPLATES
from tests.house.source import ROOT

SECRETS = {"token", "csrf", "secret", "signature", "sig", "password", "otp", "form_key"}
NOT_SECRET = {"base64_encode(base64_decode(sig)) == sig"}
"""Whether a signature is in its one spelling; its bytes are compared by itsdangerous."""

RUNS = {"eval", "exec", "compile", "__import__"}
READS_OBJECTS = {"pickle", "marshal", "shelve", "yaml", "dill", "jsonpickle"}
BY_CHANCE = {"newsletter/ids.py", "newsletter/webhooks/rounds.py"}
"""An id says nothing and opens nothing; and how long a webhook waits is no secret."""
PROGRAMS = {"newsletter/storage/dumps.py"}
"""pg_dump and pg_restore, as a list of words."""
OTHERS_HASHES = {"newsletter/owners/totp.py", "newsletter/mail/bounces/signatures.py"}
"""Apps make codes by an HMAC of SHA-1 (RFC 6238), and Amazon signs so until it is told otherwise; both say why."""

TRUSTED = {  # what a template shows as HTML, and what made it so
    ("admin/_answer.html", "comment.html"),  # comments/text.py
    ("admin/_broadcast.html", "attrs"),  # constants of ours
    ("admin/comments.html", "text"),  # comments/text.py
    ("public/_thread.html", "comment.avatar"),  # comments/avatars.py: shapes and numbers
    ("public/_thread.html", "comment.html"),
    ("public/archive_article.html", "article.html"),  # broadcasts/archive.py: written by its own renderer
    ("public/comment.html", "answered.html"),
    ("public/comment.html", "preview"),
    ("public/comment_confirm.html", "text"),
    ("public/comment_confirm.html", "texts[0]"),
    ("public/comment_edit.html", "preview"),
}

Look = Callable[[str, ast.AST], Iterator[str]]


def runs_what_it_is_given(path: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in RUNS:
                yield name
            case ast.keyword(arg="shell", value=ast.Constant(value=True)):
                yield "shell=True"
            case ast.Attribute(value=ast.Name(id="os"), attr="system" | "popen"):
                yield f"os.{node.attr}"
            case ast.Import(names=names) if path not in PROGRAMS:
                yield from (one.name for one in names if one.name.split(".")[0] in ("subprocess", "pty"))


def reads_objects_from_bytes(path: str, tree: ast.AST) -> Iterator[str]:
    yield from (name for name in imported(tree) if name.split(".")[0] in READS_OBJECTS)


def throws_dice_for_secrets(path: str, tree: ast.AST) -> Iterator[str]:
    """Only the operating system's chance can't be guessed."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names) if path not in BY_CHANCE:
                yield from (one.name for one in names if one.name == "random")
            case ast.ImportFrom(module="random", names=names):
                yield from (one.name for one in names if one.name != "SystemRandom")


def hashes_weakly(path: str, tree: ast.AST) -> Iterator[str]:
    words = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    words += [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    if path not in OTHERS_HASHES:
        yield from (word for word in words if word in ("md5", "sha1", "MD5", "SHA1"))


def compares_secrets_as_text(path: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            sides = {ast.unparse(side).rpartition(".")[2] for side in (node.left, *node.comparators)}
            if sides & SECRETS and ast.unparse(node) not in NOT_SECRET:
                yield ast.unparse(node)


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


SAMPLES: dict[Look, tuple[str, ...]] = {
    runs_what_it_is_given: ("eval(x)", "run(x, shell=True)", "os.system(x)", "import subprocess"),
    reads_objects_from_bytes: ("import pickle", "from yaml import load"),
    throws_dice_for_secrets: ("import random", "from random import choice"),
    hashes_weakly: ("hashlib.md5(x)", "hashlib.new('sha1')"),
    compares_secrets_as_text: ("if token == given: pass", "ok = given != self.secret"),
}


@pytest.mark.parametrize("look", SAMPLES, ids=lambda look: look.__name__)
def test_nothing_of_ours(look: Look) -> None:
    found = [
        f"{path}: {what}"
        for path in (str(one.relative_to(ROOT)) for one in sorted((ROOT / "newsletter").rglob("*.py")))
        for what in look(path, ast.parse((ROOT / path).read_text("utf-8")))
    ]
    assert not found


@pytest.mark.parametrize(("look", "sample"), [(look, one) for look, some in SAMPLES.items() for one in some])
def test_it_would_be_seen(look: Look, sample: str) -> None:
    assert [*look("newsletter/web/x.py", ast.parse(sample))]


def test_scripts_make_no_names_of_what_they_are_given() -> None:
    """Else a name like __proto__ would change what all objects are; and nothing is read as HTML or code."""
    scripts = {path.name: path.read_text("utf-8") for path in TEMPLATES.rglob("*.js")}
    assert {"embed.js", "comments.js", "desk.js"} <= scripts.keys()
    named = r"[\w.]+\[[A-Za-z_$][\w.$]*\]\s*=(?!=)|__proto__|prototype\b"
    read = r"(?:inner|outer)HTML\s*=(?!=)|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert {
        (name, what) for name, text in scripts.items() for what in re.findall(f"{named}|{read}", text)
    } == {
        ("passkeys.js", "response[name] =")  # of a list of four
    }


def test_what_templates_trust_was_looked_over() -> None:
    shown = {
        (str(path.relative_to(TEMPLATES)), name)
        for path in TEMPLATES.rglob("*.*")
        if path.suffix in (".html", ".txt", ".xml")
        for name in re.findall(r"([\w.\[\]]+) *\| *safe\b", path.read_text("utf-8"))
    }
    assert shown == TRUSTED

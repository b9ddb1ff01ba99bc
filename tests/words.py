"""Gathers what we say, for translators: `python -m tests.words` brings newsletter/locale up to date.

Of templates it is what stands in ``_("…")`` and ``{% trans %}``. Of code it is what is handed to ``_`` or ``marked``,
and in what speaks to people also each constant that looks like a sentence: such are looked up where they leave.
"""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from newsletter.web.api.door import is_noted
from newsletter.web.api.table import ENDPOINTS
from newsletter.web.kit.embedding import SAID

ROOT = Path(__file__).parent.parent
LOCALE = ROOT / "newsletter" / "locale"
TEMPLATES = (
    "public/*.html",
    "email/**/*.*",
    "admin/*.html",
    "base.html",
    "demo/[!t]*.html",
)  # its text is an author's
TO_READERS = (
    "web/public/*.py",
    "web/admin/*.py",
    "web/kit/*.py",
    *(f"{feature}/**/*.py" for feature in ("signups", "magnets", "subscribers", "sequences", "broadcasts")),
    *(f"{part}/*.py" for part in ("owners", "webhooks", "doctor")),
    *(f"comments/{name}.py" for name in ("actions", "judging", "moderation", "pages", "rules", "text")),
    *(f"mail/{name}.py" for name in ("claims", "hold", "mailings", "trouble")),
    "addresses.py",
    "tokens.py",
)
_HEAD = """msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plurals}\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""
_CALLS = {"_": 1, "gettext": 1, "ngettext": 2}
_IN_CODE = {**_CALLS, "marked": 1}
_SENTENCE = re.compile(r"[A-Z][^\n]* [^\n]*")
_NOT_SAID = re.compile(r"[A-Z]{2,}[ ,]|[A-Z][\w-]+, [A-Z]|[A-Z][\w-]+: \S+$")  # SQL, headers and their names


def gathered() -> Catalog:
    """All that we say, with where it stands."""
    catalog = Catalog(project="newsletter", fuzzy=False)
    for path, line, said in (*_of_templates(), *_of_scripts(), *_of_code(), *_of_programs()):
        catalog.add(said, locations=[(path.relative_to(ROOT).as_posix(), line)])
    for mark, context in ((".", "decimal"), (",", "thousands")):
        catalog.add(mark, context=context, locations=[("newsletter/words.py", 0)])
    return catalog


def catalog_of(language: str) -> Catalog:
    with (LOCALE / language / "LC_MESSAGES" / "newsletter.po").open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalog: Catalog) -> bytes:
    file = BytesIO()
    catalog.project, catalog.version = "newsletter", ""
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    catalog.creation_date = catalog.revision_date = datetime(
        2026, 1, 1, tzinfo=UTC
    )  # the same whenever it is made
    write_mo(file, catalog)
    return file.getvalue()


def _of_templates() -> Iterator[tuple[Path, int, str | tuple[str, ...]]]:
    options = {"trimmed": "true", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
    folder = ROOT / "templates"
    for path in sorted({path for pattern in TEMPLATES for path in folder.glob(pattern) if path.is_file()}):
        if path.suffix not in (".html", ".txt"):
            continue
        for line, _, said, _ in babel_extract(BytesIO(path.read_bytes()), list(_CALLS), [], options):
            if sentences := [one for one in ([said] if isinstance(said, str) else said or ()) if one]:
                yield path, line, sentences[0] if len(sentences) == 1 else tuple(sentences)


def _of_scripts() -> Iterator[tuple[Path, int, str]]:
    for path in sorted((ROOT / "templates" / "embed").glob("*.js")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            yield from ((path, number, found[2]) for found in SAID.finditer(line) if found[2] != "en")


def _of_code() -> Iterator[tuple[Path, int, str | tuple[str, ...]]]:
    package = ROOT / "newsletter"
    readers = {path for pattern in TO_READERS for path in package.glob(pattern)}
    for path in sorted(package.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        handed = set[int]()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _IN_CODE:
                said = [
                    str(a.value) for a in node.args[: _IN_CODE[node.func.id]] if isinstance(a, ast.Constant)
                ]
                handed.update(id(argument) for argument in node.args)
                if said:
                    yield path, node.lineno, said[0] if len(said) == 1 else tuple(said)
        if path in readers:
            for node in _constants(tree, handed):
                yield path, node.lineno, str(node.value)


def _of_programs() -> Iterator[tuple[Path, int, str]]:
    """What they did is told in the audit log as the API's description has it."""
    for one in filter(is_noted, ENDPOINTS):
        yield ROOT / "newsletter/web/api/table.py", 0, (one.does.__doc__ or "").partition("\n")[0].rstrip(".")


def _constants(tree: ast.Module, known: set[int]) -> Iterator[ast.Constant]:
    passed_over = set(known)
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed_over.update(id(part) for part in ast.walk(node))
        elif isinstance(node, ast.Expr):  # docstrings, and what is written into a log
            logged = node.value if isinstance(node.value, ast.Call) else None
            is_log = logged is not None and ast.unparse(logged.func).startswith(("log.", "_log."))
            passed_over.update(map(id, ast.walk(node)) if is_log else (id(node.value),))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in passed_over:
            continue
        if _SENTENCE.fullmatch(node.value) and not _NOT_SAID.match(node.value):
            yield node


def main() -> None:
    new = gathered()
    for folder in sorted(path for path in LOCALE.iterdir() if path.is_dir()):
        catalog = catalog_of(folder.name)
        catalog.update(new, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        with (folder / "LC_MESSAGES" / "newsletter.po").open("wb") as file:
            file.write(_HEAD.format(language=folder.name, plurals=catalog.plural_forms).encode())
            write_po(file, catalog, width=120, omit_header=True, sort_output=True, include_lineno=False)
        (folder / "LC_MESSAGES" / "newsletter.mo").write_bytes(compiled(catalog))
        missing = sum(not message.string for message in catalog if message.id)
        print(f"{folder.name}: {len(catalog)} sentences, {missing} of them not translated.")


if __name__ == "__main__":
    main()

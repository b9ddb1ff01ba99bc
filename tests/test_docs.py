"""What is written for people is true: every command, setting, door and file in it exists, and none is missing."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import newsletter
from newsletter.cli import cli
from newsletter.settings import PREFIX, Settings, load
from tests.house.source import ROOT

PAGES = {
    str(path.relative_to(ROOT)): path.read_text("utf-8")
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("deploy/*"))
    if path.is_file() and path.suffix != ".lock"
}
WRITTEN = "\n".join(PAGES.values())
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
SPELLED = {"from_name": "from", "from_email": "from", "secret_keys": "secret_key"}
SETTINGS = {PREFIX + SPELLED.get(name, name).upper() for name in Settings.__struct_fields__} | {
    PREFIX + "CONFIG"
}


def default(setting: str) -> str:
    """As a person would write it in the environment."""
    empty = Settings()
    if setting == PREFIX + "FROM":
        return f"{empty.from_name} <{empty.from_email}>"
    value = getattr(empty, setting.removeprefix(PREFIX).lower(), None)
    return (
        "" if value is None or value == () else str(value).lower() if isinstance(value, bool) else str(value)
    )


def commands(group: click.Group, path: str = "newsletter") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


COMMANDS = dict(commands(cli))


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_is_written_about(path: str) -> None:
    assert path in WRITTEN, f"Nothing says what `{path}` is for."
    assert COMMANDS[path].help, f"`{path} --help` says nothing."


def invocations() -> Iterator[tuple[str, str]]:
    """Page, and each command line in it from the word `newsletter` on."""
    for page, text in PAGES.items():
        code = (
            text
            if not page.endswith(".md")
            else "\n".join(re.findall(r"^ {4}.+|^```.+?^```|`[^`\n]+`", text, re.MULTILINE | re.DOTALL))
        )
        for line in re.findall(r"\bnewsletter ((?!newsletter\b)[a-z][a-z-]*\b[^`#\n]*)", code):
            yield page, f"newsletter {line.strip()}"


@pytest.mark.parametrize(("page", "line"), [*invocations()])
def test_every_command_line_can_be_typed(page: str, line: str) -> None:
    words = shlex.split(line)
    command: click.Command = cli
    path = words.pop(0)
    while isinstance(command, click.Group) and words:
        path = f"{path} {words.pop(0)}"
        assert path in COMMANDS, f"{page}: there is no `{path}`."
        command = COMMANDS[path]
    options = {option for parameter in command.params for option in parameter.opts}
    for word in words:
        assert not word.startswith("-") or word in options, f"{page}: `{path}` has no {word}."


def test_every_setting_is_in_the_table_with_its_default() -> None:
    rows = re.findall(
        rf"^\| `({PREFIX}\w+)` \| (?:`([^`]*)`)? ?\| \w", PAGES["docs/settings.md"], re.MULTILINE
    )
    assert dict(rows) == {name: default(name) for name in SETTINGS}
    assert len(rows) == len(SETTINGS)


def example(pattern: str) -> dict[str, str]:
    return dict(
        re.findall(
            rf'^{pattern}({PREFIX}\w+)="?([^"\n]*)"?$', PAGES["deploy/settings.example.env"], re.MULTILINE
        )
    )


def test_the_example_settings_are_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert {*example(""), *example("#")} == SETTINGS
    assert load(example("")).public_url == "https://news.example.org"


def test_what_the_example_leaves_out_shows_the_default() -> None:
    chosen = {PREFIX + name for name in ("DATABASE_URL", "SECRET_KEY", "CONFIG")}
    assert {n: v for n, v in example("#").items() if n not in chosen} == {
        n: default(n) for n in example("#").keys() - chosen
    }


def test_no_page_names_a_setting_that_is_none() -> None:
    assert set(re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", WRITTEN)) <= SETTINGS


def test_every_door_exists() -> None:
    doors = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    named = "demo test check proof promises coverage mutants bench scale screenshots format lock help"
    assert set(named.split()) == doors
    assert set(re.findall(r"^\.PHONY: (.+)", MAKEFILE, re.MULTILINE)[0].split()) == doors
    written = set(re.findall(r"(?:`| {4}|\()make ([a-z]+)", WRITTEN))
    assert written <= doors
    assert doors - {"help"} <= written


@pytest.mark.parametrize("page", [page for page in PAGES if page.endswith(".md")])
def test_every_file_that_is_named_exists(page: str) -> None:
    named = re.findall(
        r"`((?:newsletter|tests|docs|deploy|migrations|templates|\.ci)/[\w./-]*)`", PAGES[page]
    )
    named += re.findall(r"^ {3}(newsletter/\w+/)", PAGES[page], re.MULTILINE)
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)\)", PAGES[page])
    missing = [name for name in named if not (ROOT / name).exists()]
    missing += [name for name in linked if not ((ROOT / page).parent / name).exists()]
    assert not missing


def test_the_map_shows_every_part() -> None:
    parts = {path.parent.name for path in ROOT.glob("newsletter/*/__init__.py")}
    shown = set(re.findall(r"newsletter/(\w+)/", PAGES["docs/architecture.md"]))
    assert parts <= shown, f"docs/architecture.md doesn't show {parts - shown}."


def test_the_changelog_speaks_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    newest = re.findall(r"^## ([\d.]+)", PAGES["CHANGELOG.md"], re.MULTILINE)[0]
    assert newest == project["version"] == newsletter.__version__

"""A sequence as a folder: its name is the sequence's, and each file in it a step: ``1-welcome.md``, ``2-….md``."""

import re
from pathlib import Path

from newsletter import front_matter
from newsletter.errors import BadInput
from newsletter.sequences.model import Plan, Start, Words, read_delay, read_start
from newsletter.words import gettext as _

MOST_STEPS = 100
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")

_KNOWN = ("start", "delay", "subject", "preheader", "from")
_FILE = re.compile(r"([0-9]{1,4})[-_ ]+([\w-]{1,60})\.md")


def read_folder(folder: Path) -> Plan:
    """Raises BadInput with a sentence that names the file and the line."""
    slug = folder.resolve().name
    if not SLUG.fullmatch(slug):
        raise BadInput(
            "The folder's name is the sequence's: small letters, digits and hyphens, like “welcome”."
        )
    starts: dict[str, tuple[Start, str]] = {}
    steps: list[Words] = []
    for path, name in _files(folder):
        try:
            text = path.read_text("utf-8").replace("\0", "")  # which no database takes
            found, body = front_matter.read(text, _KNOWN, "the step")
            if "start" in found:
                starts[path.name] = read_start(found["start"][1])
            steps.append(_words(name, found, body))
        except BadInput as error:
            raise BadInput(f"{path.name}: {error.sentence}") from None
        except OSError as error:
            raise BadInput(
                _("%(name)s can't be read: %(why)s.") % {"name": path.name, "why": error.strerror}
            ) from None
        except UnicodeDecodeError:
            raise BadInput(
                _("%(name)s can't be read: it is no text in UTF-8.") % {"name": path.name}
            ) from None
    if len(starts) != 1:
        said = (
            _("It is said in %(files)s.") % {"files": ", ".join(starts)} if starts else _("No file says it.")
        )
        raise BadInput(
            _("One of the files says what starts the sequence, like “start: confirmed”. %(said)s")
            % {"said": said}
        )
    return Plan(slug, *starts.popitem()[1], steps)


def _files(folder: Path) -> list[tuple[Path, str]]:
    """In the order of their numbers, each with its name without the number."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix == ".md"]
    except OSError as error:
        raise BadInput(
            _("The folder %(folder)s can't be read: %(why)s.") % {"folder": folder, "why": error.strerror}
        ) from None
    numbered: dict[int, tuple[Path, str]] = {}
    for path in sorted(paths):
        found = _FILE.fullmatch(path.name)
        if not found:
            raise BadInput(
                _("%(name)s: a step's file is called like 1-welcome.md; the number says its place.")
                % {"name": path.name}
            )
        number, name = int(found[1]), found[2].lower()
        if number in numbered or name in {known for _, known in numbered.values()}:
            raise BadInput(
                _("%(name)s: another file has this number, or this name behind its number.")
                % {"name": path.name}
            )
        numbered[number] = path, name
    if not 0 < len(numbered) <= MOST_STEPS:
        raise BadInput(
            _("A sequence has one to %(most)s steps; in %(folder)s are %(count)s files.")
            % {"most": MOST_STEPS, "folder": folder, "count": len(numbered)}
        )
    return [numbered[number] for number in sorted(numbered)]


def _words(slug: str, found: dict[str, tuple[int, str]], body: str) -> Words:
    if "delay" not in found:
        raise BadInput("It says no delay. Add a line like “delay: 2 days” between the two lines of “---”.")
    values = {key: value for key, (_, value) in found.items()}
    return Words(
        slug=slug,
        delay=read_delay(values["delay"]),
        subject=values.get("subject", ""),
        preheader=values.get("preheader", ""),
        body=body,
        sender=values.get("from", ""),
    )

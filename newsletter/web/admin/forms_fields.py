"""The fields of a form as its owner writes them: rows of a few inputs each, moved and taken away by buttons."""

import re
from collections.abc import Callable, Mapping
from unicodedata import normalize

import msgspec

from newsletter.signups import MOST_FIELDS, Field, Form, faults, fitted

PARTS = {"label": 80, "name": 40, "help": 200, "type": 10, "options": 2_000, "required": 1}
"""What each row has, with the longest of each."""

LONGEST = {f"f{n}-{part}": longest for n in range(MOST_FIELDS) for part, longest in PARTS.items()}
MULTILINE = tuple(name for name in LONGEST if name.endswith("-options"))

_ACT = re.compile("(up|remove)-([0-9])")
_OTHER = re.compile("[^a-z0-9]+")

Row = dict[str, str]


def values_of(form: Form) -> dict[str, str]:
    return _flat([_row(field) for field in form.fields[1:]])


def rows_of(values: Mapping[str, str]) -> list[Row]:
    """Those that were there, filled in or not."""
    return [
        {part: values.get(f"f{n}-{part}", "") for part in PARTS}
        for n in range(MOST_FIELDS)
        if f"f{n}-label" in values
    ]


def arranged(values: dict[str, str], act: str) -> dict[str, str] | None:
    """What was typed, with its rows as the button `act` has it; None for any other button."""
    rows = rows_of(values)
    if act == "add":
        rows = [*rows, dict.fromkeys(PARTS, "")][:MOST_FIELDS]
    elif found := _ACT.fullmatch(act):
        n = int(found[2])
        if n < len(rows):
            row = rows.pop(n)
            if found[1] == "up":
                rows.insert(max(0, n - 1), row)
    else:
        return None
    return {name: value for name, value in values.items() if name not in LONGEST} | _flat(rows)


def fields_of(form: Form, values: Mapping[str, str], tell: Callable[[str, str], object]) -> tuple[Field, ...]:
    """The email and what was filled in; `tell` hears of every part that is wrong, and its field is left out."""
    before = {field.name: field for field in form.fields}
    fields: list[Field] = []
    for n, row in enumerate(rows_of(values)):
        if not any(row[part] for part in ("label", "name", "help", "options")):
            continue  # added, and left empty
        field = _field(row, before)
        wrong = faults(field, fields)
        for part, sentence in wrong.items():
            tell(f"f{n}-{part}", sentence)
        if not wrong:
            fields.append(fitted(field))
    return (form.fields[0], *fields)


def _field(row: Row, before: Mapping[str, Field]) -> Field:
    name = row["name"] or _named(row["label"])
    known = before.get(name) or Field(name, "", max_length=200)
    options = (" ".join(line.split()) for line in row["options"].splitlines())
    return msgspec.structs.replace(
        known,
        label=row["label"],
        help=row["help"],
        type=row["type"] or "text",
        required=bool(row["required"]),
        options=tuple(dict.fromkeys(option for option in options if option)),
        autocomplete="given-name" if name == "name" else known.autocomplete,
    )


def _named(label: str) -> str:
    """``Your city?`` is ``your_city``."""
    letters = normalize("NFKD", label.casefold()).encode("ascii", "ignore").decode()
    return _OTHER.sub("_", letters).strip("_")[:40].rstrip("_")


def _row(field: Field) -> Row:
    return {
        "label": field.label,
        "name": field.name,
        "help": field.help,
        "type": field.type,
        "options": "\n".join(field.options),
        "required": "1" if field.required else "",
    }


def _flat(rows: list[Row]) -> dict[str, str]:
    return {f"f{n}-{part}": value for n, row in enumerate(rows) for part, value in row.items()}

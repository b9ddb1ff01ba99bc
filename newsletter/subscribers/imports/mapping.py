"""What each column of a table is for: as the owner says, as a preset knows, or as the columns look."""

import re
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from typing import get_args

import msgspec

from newsletter.errors import BadInput
from newsletter.subscribers.imports.model import Target
from newsletter.subscribers.imports.presets import PRESETS, Preset
from newsletter.subscribers.imports.table import Table
from newsletter.words import gettext as _

TARGETS: tuple[str, ...] = get_args(Target)
FIELD = "field:"
_ONCE = frozenset(TARGETS) - {"ignore", "tags"}  # two columns of tags are both taken
_ADDRESS = re.compile(r"\s*[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+\s*")
_FOLDED = re.compile(r"[^\w]+")
_KNOWN = {
    name: target
    for target, names in {
        "email": """email e_mail mail email_address e_mail_address e_mail_adresse e_post courriel adresse_email
            subscriber""",
        "name": "name full_name fullname display_name vollständiger_name nom_complet",
        "first_name": "first_name firstname given_name vorname prénom fname",
        "last_name": "last_name lastname surname family_name nachname nom lname",
        "status": "status subscription_status",
        "tags": "tags tag labels label groups segments schlagwörter",
        "joined": """joined joined_at created created_at subscribed_at signed_up signup_date date_added optin_time
            opt_in_date date_subscribed angemeldet_am""",
        "confirmed": "confirmed confirmed_at confirm_time confirmation_date opted_in_at",
        "unsubscribed": "unsubscribed unsubscribed_at unsub_time",
        "fields": "fields metadata attributes attribs custom_fields",
        "ignore": "id uuid ip ip_address optin_ip confirm_ip",
    }.items()
    for name in names.split()
}


class Mapping(msgspec.Struct, frozen=True):
    """`targets` has one for each column; `preset` is the name of the one that was used, or empty."""

    targets: tuple[str, ...]
    preset: str = ""

    def places(self, target: str) -> list[int]:
        return [place for place, one in enumerate(self.targets) if one == target]

    def known(self) -> Preset | None:
        return next((one for one in PRESETS if one.name == self.preset), None)


def folded(name: str) -> str:
    """``Email Address`` and ``email_address`` are one name."""
    return _FOLDED.sub("_", name.strip().lower()).strip("_")


def find_preset(table: Table, name: str = "") -> Preset | None:
    """The one of that name, or the one whose export this looks like. Raises BadInput for a name that is none."""
    if name:
        for preset in PRESETS:
            if preset.name == name.lower():
                return preset
        raise BadInput(
            _("There is no preset %(name)s. There are: %(known)s.")
            % {"name": repr(name), "known": ", ".join(one.name for one in PRESETS)}
        )
    if not table.headed:
        return None
    columns = {folded(column) for column in table.columns}
    return next((one for one in PRESETS if any(sign <= columns for sign in one.signs)), None)


def map_columns(table: Table, preset: str = "", said: Dictionary[str, str] | None = None) -> Mapping:
    """`said`: what the owner wants of columns, by their names. Raises BadInput with a sentence."""
    found = find_preset(table, preset)
    targets = [_known(folded(column), found) for column in table.columns]
    for column, target in (said or {}).items():
        targets[_place(table, column)] = _checked(column, target)
    _at_most_once(targets, said or {}, table.columns)
    if "email" not in targets:
        targets[_of_addresses(table, targets)] = "email"
    return Mapping(tuple(targets), found.name if found else "")


def _known(column: str, preset: Preset | None) -> str:
    if preset:
        return preset.columns.get(column, _field(column))
    return _KNOWN.get(column, _field(column))


def _field(column: str) -> str:
    return FIELD + column if column else "ignore"


def _place(table: Table, column: str) -> int:
    for place, name in enumerate(table.columns):
        if name == column or folded(name) == folded(column):
            return place
    raise BadInput(
        _("There is no column %(name)s. There are: %(known)s.")
        % {"name": repr(column), "known": ", ".join(table.columns)}
    )


def _checked(column: str, target: str) -> str:
    target = target.strip()
    if target in TARGETS:
        return target
    if target.startswith(FIELD) and (name := folded(target.removeprefix(FIELD))):
        return FIELD + name
    raise BadInput(
        _("The column %(name)s can’t become %(target)s. It can be %(known)s, or %(field)sname.")
        % {"name": repr(column), "target": repr(target), "known": ", ".join(TARGETS), "field": FIELD}
    )


def _at_most_once(targets: list[str], said: Dictionary[str, str], columns: Sequence[str]) -> None:
    """Where two columns are for one thing, what the owner said wins, then the first."""
    chosen = {folded(column) for column in said}
    for target in _ONCE:
        places = [place for place, one in enumerate(targets) if one == target]
        if len(places) < 2:
            continue
        own = [place for place in places if folded(columns[place]) in chosen]
        if len(own) > 1:
            raise BadInput(
                _("Two columns can’t both be %(target)s: %(one)s and %(other)s.")
                % {"target": target, "one": columns[own[0]], "other": columns[own[1]]}
            )
        kept = (own or places)[0]
        for place in places:
            if place != kept:
                targets[place] = _field(folded(columns[place]))


def _of_addresses(table: Table, targets: list[str]) -> int:
    """The column in which addresses stand. Raises BadInput where there is none."""
    shares = []
    for place, target in enumerate(targets):
        cells = [
            row.cells[place] for row in table.sample if place < len(row.cells) and row.cells[place].strip()
        ]
        if cells and target != "ignore":
            shares.append((sum(map(bool, map(_ADDRESS.fullmatch, cells))) / len(cells), -place))
    share, place = max(shares, default=(0.0, 0))
    if share < 0.5:
        raise BadInput(
            _("No column of this file holds email addresses. Its columns are: %(known)s.")
            % {"known": ", ".join(table.columns)}
        )
    return -place

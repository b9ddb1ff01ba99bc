"""Subscribers from another service's export, or from any table with addresses in it. Nobody is mailed by it."""

from newsletter.subscribers.imports.actions import Import, Importing
from newsletter.subscribers.imports.mapping import TARGETS, Mapping, find_preset, folded, map_columns
from newsletter.subscribers.imports.model import Person, Refused, Row, Tally
from newsletter.subscribers.imports.presets import PRESETS
from newsletter.subscribers.imports.refusals import Refusals, refusals, write_refused
from newsletter.subscribers.imports.run import Staged, take_in
from newsletter.subscribers.imports.store import newcomers, uploads
from newsletter.subscribers.imports.store.taking import is_there
from newsletter.subscribers.imports.table import Table, open_table

__all__ = [
    "PRESETS",
    "TARGETS",
    "Import",
    "Importing",
    "Mapping",
    "Person",
    "Refusals",
    "Refused",
    "Row",
    "Staged",
    "Table",
    "Tally",
    "find_preset",
    "folded",
    "is_there",
    "map_columns",
    "newcomers",
    "open_table",
    "refusals",
    "take_in",
    "uploads",
    "write_refused",
]

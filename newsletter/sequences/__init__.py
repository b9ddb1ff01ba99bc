"""What follows by itself: mails one after the other, from the moment that something starts them for somebody."""

from newsletter.sequences import edits
from newsletter.sequences.actions import Loaded, Sequences, Standing, Turn
from newsletter.sequences.folder import read_folder
from newsletter.sequences.model import (
    BEFORE_THE_FIRST,
    Plan,
    Sequence,
    Start,
    Step,
    Words,
    read_delay,
    read_start,
    say_delay,
    split_delay,
)
from newsletter.sequences.store.look import Entry
from newsletter.sequences.store.people import Count

__all__ = [
    "BEFORE_THE_FIRST",
    "Count",
    "Entry",
    "Loaded",
    "Plan",
    "Sequence",
    "Sequences",
    "Standing",
    "Start",
    "Step",
    "Turn",
    "Words",
    "edits",
    "read_delay",
    "read_folder",
    "read_start",
    "say_delay",
    "split_delay",
]

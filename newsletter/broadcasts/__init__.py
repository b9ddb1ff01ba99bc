"""What is written to many: drafts, their checks, the letter that is frozen when they are sent, and who gets it."""

from newsletter.broadcasts import archive, clicks
from newsletter.broadcasts.actions import Broadcasts, draft_of
from newsletter.broadcasts.audience import doubts
from newsletter.broadcasts.checks import Finding, look_over
from newsletter.broadcasts.draft import Draft, read_draft, write_draft
from newsletter.broadcasts.letter import Letter, Letters
from newsletter.broadcasts.model import TOPIC, Broadcast
from newsletter.broadcasts.numbers import Numbers, numbers
from newsletter.broadcasts.store import Counted, subjects

__all__ = [
    "TOPIC",
    "Broadcast",
    "Broadcasts",
    "Counted",
    "Draft",
    "Finding",
    "Letter",
    "Letters",
    "Numbers",
    "archive",
    "clicks",
    "doubts",
    "draft_of",
    "look_over",
    "numbers",
    "read_draft",
    "subjects",
    "write_draft",
]

"""What is written to many: drafts, their checks, and the letter that is frozen when they are sent."""

from newsletter.broadcasts.checks import Finding, look_over
from newsletter.broadcasts.draft import Draft, read_draft
from newsletter.broadcasts.letter import Letter, Letters

__all__ = ["Draft", "Finding", "Letter", "Letters", "look_over", "read_draft"]

"""What readers say under an article: written, confirmed once, moderated, shown, told of."""

from newsletter.comments.actions import EDITABLE, Comments
from newsletter.comments.model import (
    Comment,
    Commenter,
    Draft,
    Follow,
    Options,
    Policy,
    Status,
    Thread,
    Written,
)
from newsletter.comments.moderation import Moderation
from newsletter.comments.notices import Notices
from newsletter.comments.persons import Persons
from newsletter.comments.reading import Shown, Threads
from newsletter.comments.store.learning import TOPIC

__all__ = [
    "EDITABLE",
    "TOPIC",
    "Comment",
    "Commenter",
    "Comments",
    "Draft",
    "Follow",
    "Moderation",
    "Notices",
    "Options",
    "Persons",
    "Policy",
    "Shown",
    "Status",
    "Thread",
    "Threads",
    "Written",
]

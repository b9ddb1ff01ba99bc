"""What readers say under an article: written, confirmed once, moderated, shown, told of."""

from newsletter.comments.actions import EDITABLE, TWICE, Comments
from newsletter.comments.answering import answer, written
from newsletter.comments.avatars import avatar
from newsletter.comments.exports import as_json, as_wxr, count_comments
from newsletter.comments.importing import TOGETHER, Importing, ImportResult
from newsletter.comments.imports import Imported, Skipped, in_order, read
from newsletter.comments.model import (
    Comment,
    Commenter,
    Draft,
    Follow,
    Options,
    Policy,
    Status,
    Thread,
    Words,
    Written,
)
from newsletter.comments.moderation import MOST_AT_ONCE, Moderation
from newsletter.comments.notices import Notices
from newsletter.comments.pages import canonical_url
from newsletter.comments.persons import Persons
from newsletter.comments.reading import MOST_BELOW, PER_PAGE, Branch, Branches, Shown, Standing, Threads
from newsletter.comments.rules import parse_rules
from newsletter.comments.source import source
from newsletter.comments.store.comments import Waiting
from newsletter.comments.store.learning import TOPIC
from newsletter.comments.store.threads import CHANGED, MOST_URLS, pages_of
from newsletter.comments.text import LONGEST, LONGEST_WEBSITE, excerpt, plain, render, unlinked, website

__all__ = [
    "CHANGED",
    "EDITABLE",
    "LONGEST",
    "LONGEST_WEBSITE",
    "MOST_AT_ONCE",
    "MOST_BELOW",
    "MOST_URLS",
    "PER_PAGE",
    "TOGETHER",
    "TOPIC",
    "TWICE",
    "Branch",
    "Branches",
    "Comment",
    "Commenter",
    "Comments",
    "Draft",
    "Follow",
    "ImportResult",
    "Imported",
    "Importing",
    "Moderation",
    "Notices",
    "Options",
    "Persons",
    "Policy",
    "Shown",
    "Skipped",
    "Standing",
    "Status",
    "Thread",
    "Threads",
    "Waiting",
    "Words",
    "Written",
    "answer",
    "as_json",
    "as_wxr",
    "avatar",
    "canonical_url",
    "count_comments",
    "excerpt",
    "in_order",
    "pages_of",
    "parse_rules",
    "plain",
    "read",
    "render",
    "source",
    "unlinked",
    "website",
    "written",
]

"""Who they are, what they agreed to, how they leave."""

from newsletter.subscribers import records, segments, suppression_file
from newsletter.subscribers.actions import Subscribers
from newsletter.subscribers.export import export_csv, export_ndjson, guard
from newsletter.subscribers.model import STATUSES, Consent, NotMe, Status, Subscriber, Topic, tag_name
from newsletter.subscribers.returns import Returns
from newsletter.subscribers.sheet import export_xlsx
from newsletter.subscribers.store import listing
from newsletter.subscribers.store.chores import bulk_waits, file_waits, files_wanted
from newsletter.subscribers.store.counts import keep as keep_counts
from newsletter.subscribers.store.export import HEADER, Choice, count, query
from newsletter.subscribers.store.figures import Overview
from newsletter.subscribers.suppressing import Suppressions

__all__ = [
    "HEADER",
    "STATUSES",
    "Choice",
    "Consent",
    "NotMe",
    "Overview",
    "Returns",
    "Status",
    "Subscriber",
    "Subscribers",
    "Suppressions",
    "Topic",
    "bulk_waits",
    "count",
    "export_csv",
    "export_ndjson",
    "export_xlsx",
    "file_waits",
    "files_wanted",
    "guard",
    "keep_counts",
    "listing",
    "query",
    "records",
    "segments",
    "suppression_file",
    "tag_name",
]

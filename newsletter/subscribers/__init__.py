"""Who they are, what they agreed to, how they leave."""

from newsletter.subscribers.actions import Subscribers
from newsletter.subscribers.export import export_csv, export_ndjson
from newsletter.subscribers.model import STATUSES, Consent, Status, Subscriber, Topic, tag_name
from newsletter.subscribers.store import figures
from newsletter.subscribers.store.export import HEADER, Choice, count, query

__all__ = [
    "HEADER",
    "STATUSES",
    "Choice",
    "Consent",
    "Status",
    "Subscriber",
    "Subscribers",
    "Topic",
    "count",
    "export_csv",
    "export_ndjson",
    "figures",
    "query",
    "tag_name",
]

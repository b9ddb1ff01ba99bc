"""Who they are, what they agreed to, how they leave."""

from newsletter.subscribers.actions import Subscribers
from newsletter.subscribers.export import HEADER, Choice, count, export_csv, export_ndjson, query
from newsletter.subscribers.model import STATUSES, Consent, Status, Subscriber, Topic
from newsletter.subscribers.store import figures

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
]

"""Who they are, what they agreed to, how they leave."""

from newsletter.subscribers import figures
from newsletter.subscribers.actions import Subscribers
from newsletter.subscribers.consent import Consent
from newsletter.subscribers.export import HEADER, Choice, count, export_csv, export_ndjson, query
from newsletter.subscribers.model import STATUSES, Status, Subscriber, Topic

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

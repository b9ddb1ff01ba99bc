"""Some of the subscribers, said in words: `tag:coaching and not downloaded:guide`. docs/segments.md is for owners."""

from newsletter.subscribers.segments.model import Segment
from newsletter.subscribers.segments.names import unknown
from newsletter.subscribers.segments.parser import parse
from newsletter.subscribers.segments.store import Reachable, count, ids_after, people_after, still

__all__ = ["Reachable", "Segment", "count", "ids_after", "parse", "people_after", "still", "unknown"]

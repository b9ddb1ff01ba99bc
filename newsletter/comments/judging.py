"""What becomes of a comment before the owner has seen it: their rules, what was learned from them, who is new."""

import re
from html import unescape
from urllib.parse import urlsplit

from newsletter.comments.bayes import probability, tokens
from newsletter.comments.model import Commenter, Draft, Options, Status
from newsletter.comments.rules import Candidate, parse_rules, verdict
from newsletter.comments.store import learning
from newsletter.comments.text import count_links
from newsletter.storage import Tx

SURELY_SPAM = 0.95
PERHAPS_SPAM = 0.6
_BLOCKED: tuple[Status, str] = ("spam", "You blocked this author.")

_LINK = re.compile(r'href="([^"]+)"')  # of our own sanitised text, which always quotes them so


async def judge(tx: Tx, options: Options, person: Commenter, draft: Draft) -> tuple[Status, str]:
    """The status that the comment gets once its address is confirmed, and why it waits (for the owner)."""
    if person.blocked:
        return _BLOCKED
    candidate = Candidate(
        text=draft.raw,
        name=draft.name,
        email_key=person.email_key,
        website=draft.website,
        links=link_hosts(draft.html),
        network=draft.network,
        link_count=count_links(draft.html),
    )
    ruled = verdict(parse_rules(options.rules), candidate, options.most_links)
    if ruled == "refuse":
        return "spam", "One of your rules refuses it."
    words = tokens(draft.raw, draft.name, draft.website)
    chance = probability(await learning.tallies(tx, words), options.spam, options.ham) or 0.0
    if chance >= SURELY_SPAM:
        return "spam", "It reads like what you called spam."
    if ruled == "hold":
        return "pending", "One of your rules holds it, or it has many links."
    if chance >= PERHAPS_SPAM:
        return "pending", "It reads a little like what you called spam."
    return by_policy(options, person)


def by_policy(options: Options, person: Commenter) -> tuple[Status, str]:
    if person.blocked:
        return _BLOCKED
    if options.policy == "all":
        return "pending", "You look at every comment."
    if options.policy == "first" and not person.approved:
        return "pending", "Their first comment."
    return "approved", ""


def link_hosts(html: str) -> tuple[str, ...]:
    """Whom the links of a rendered comment lead to."""
    hosts = {urlsplit(unescape(url)).hostname or "" for url in _LINK.findall(html)}
    return tuple(sorted(hosts - {""}))

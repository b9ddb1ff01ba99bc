"""What a server's words say of an address: whether it is gone, can't take mail now, or refuses us.

The enhanced status code (RFC 3463) decides where it is exact, the words where it isn't. Of what could be either, the
milder is meant: nobody shall lose their letters by a guess.
"""

import re
from typing import Literal

Fault = Literal["hard", "soft", "policy"]

_CODE = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?!\d|\.\d)")
_REPLY = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -]|$)")

_HARD = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})
_POLICY = frozenset({"1.7", "1.8", "2.3", "3.4", "1.9"})
"""Our own address, or our message: bad sender, too long. No reader can help that."""

_OURS = re.compile(
    r"(?i)\bspam|\bblock(ed|list)|blacklist|black list|\bbanned\b|reputation|\bpolicy\b|\bdmarc\b|\bdkim\b|\bspf\b"
    r"|\brbl\b|\bdnsbl\b|spamhaus|barracuda|proofpoint|unsolicited|not authori[sz]ed|unauthori[sz]ed|authentication"
    r"|(?<!not )listed (at|in|on|by)|\bptr\b|reverse dns|too (big|large)|size limit"
    r"|exceeds.{0,20}size|message size|virus|content reject"
    r"|\bhelo\b|\behlo\b|\bmail from\b|relay(ing)? (access )?denied"
    r"|sender (address |domain |verif\w* )?(reject|invalid|not |unknown|denied|fail|does)|(invalid|unknown|bad) sender"
)
_GONE = re.compile(
    r"(?i)(user|recipient|mailbox|account|address|addressee|alias)[^.\n]{0,60}?"
    r"(unknown|not found|does ?n[o']t exist|doesn.t have|not exist|no longer|not exists|invalid|not known|disabled"
    r"|inactive|(?<!connection )closed|deactivated|terminated|discontinued|could ?n.t be found|could not be found"
    r"|wasn.t found)"
    r"|(unknown|no such|invalid|non-?existent|nonexisting|unrouteable|unroutable|not a valid|bad destination)"
    r"[^.\n]{0,30}?(user|recipient|mailbox|account|address|domain|host|person)"
    r"|no mailbox here|not our customer|doesn.t have an? [^.\n]{0,30}account|does not have an? [^.\n]{0,30}account"
    r"|domain (name )?(not found|does not exist)|couldn.t find any host named|no longer (works|employed)"
    r"|not listed in|recipient address rejected: access denied"
)
_FULL = re.compile(
    r"(?i)over ?-?quota|quota[^.\n]{0,20}(exceed|full)|exceed[^.\n]{0,30}quota|(mailbox|inbox|maildir)[^.\n]{0,20}full"
    r"|out of (storage|space)|insufficient (system )?storage|disk full|too many messages"
)
_LATER = re.compile(
    r"(?i)timed? ?out|temporar|try again|greylist|graylist|connection (refused|lost|reset)|unreachable"
    r"|\bdeferred\b|too (many|much)|rate limit|dns (error|failure|lookup)|expired|retry"
)


def enhanced(words: str) -> str:
    """The enhanced status code in a server's words; '' where there is none."""
    found = _CODE.search(words[:2000])
    return ".".join(map(str, map(int, found.groups()))) if found else ""


def judge(words: str, status: str = "") -> Fault | None:
    """What is meant, by the `status` (``5.1.1``) and the words beside it. None where they say nothing of it."""
    words = words[:2000]
    exact = enhanced(words)
    if exact and (not status or _vague(status) or exact[2:].startswith("7.")):
        status = exact
    if status and not _vague(status):
        return _by_code(status, words)
    return _by_words(words, status)


def _vague(status: str) -> bool:
    return status.endswith((".0.0", ".1.0", ".2.0", ".3.0", ".5.0")) or status[2:].startswith(("5.", "9."))


def _by_code(status: str, words: str) -> Fault:
    detail = status.partition(".")[2]
    if detail.startswith(("7.", "6.")) or detail in _POLICY:
        return "policy"
    if status.startswith("4"):
        return "soft"
    if detail in _HARD:
        return "hard"
    if detail == "4.1" and _GONE.search(
        words
    ):  # Exchange Online, of an address that its directory doesn't know
        return "hard"
    return "policy" if _OURS.search(words) and not _FULL.search(words) else "soft"


def _by_words(words: str, status: str) -> Fault | None:
    reply = _REPLY.search(words)
    passing = status.startswith("4") or (not status and bool(reply) and words[reply.start()] == "4")  # type: ignore[union-attr]  # asked before
    if _FULL.search(words):
        return "soft"
    if _OURS.search(words):
        return "policy"
    if _GONE.search(words):
        return "soft" if passing else "hard"
    if status or reply or _LATER.search(words):
        return "soft"
    return None

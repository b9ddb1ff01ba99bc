"""What is kept with a mail of why it did not leave: written in English, and said in the language of who reads it.

A row outlives the process that wrote it, and a log has one language. What a server said is its own, and stays as it is.
"""

import re
from functools import cache

from newsletter.words import gettext, marked

SENTENCES = (
    marked("The database was away."),
    marked("The relay had trouble a moment ago."),
    marked("The relay took a message and did not answer."),
    marked("The relay offers no SMTPUTF8, which this address needs."),
    marked("The relay takes %(most)s bytes; this has %(size)s."),
    marked("The relay refused %(phase)s with %(code)s."),
    marked("The relay %(where)s refused the login (%(code)s)."),
    marked("The relay %(where)s greeted with %(said)s."),
    marked("No connection to the relay %(where)s: %(why)s"),
    marked("The server closed (421) instead of taking the message."),
    marked("The server closed the connection."),
    marked("The connection was lost."),
    marked("The connection was lost (%(why)s)."),
    marked("The server spoke before it had the message."),
    marked("The server spoke in the middle of the message."),
    marked("The server took the message before it had all of it."),
    marked("The server wants a message that it has refused."),
    marked("The server's answers are out of step."),
    marked("The server's answer has no end."),
    marked("The server's answer is not SMTP."),
    marked("It did not answer in time."),
    marked("The server did not take the message in time."),
    marked("The server did not answer in time."),
    marked("The worker had to stop."),
    marked("A fault in the worker (%(fault)s)."),
    marked("It can't be made (%(fault)s)."),
    marked("It can't be made: %(why)s"),
    marked("The address can't be written into an SMTP command as it is."),
    marked("The frozen message was made by another version."),
    marked("The frozen message can't be read."),
    marked("There is no file %(file)s to attach."),
    marked("What its merge tags say is not a text for each."),
    marked("What is filled in shares a line with what is the same for all."),
    marked("What is filled in would be read as a header of its own."),
    marked("Its recipient or its Message-ID can't stand in a header as it is."),
    marked("Its recipient can't stand in a header as it is."),
    marked("Its link to leave can't stand in a header as it is."),
    marked("Its context can't be used (%(fault)s)."),
    marked("Its headers would not be read as they were meant."),
    marked("Its Message-ID would not be read as it was meant."),
    marked("Its lines would not survive the way."),
    marked("A line of its body is too long."),
    marked("A value in its context holds a control character."),
    marked("%(what)s is empty, or holds a control character or an encoded word."),
    marked("The subject"),
    marked("The name"),
    marked("A file's name"),
)
_PLACE = re.compile(r"%\\\((\w+)\\\)s|%\((\w+)\)s")


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Those with values in them."""
    return tuple((one, pattern(one)) for one in SENTENCES if "%(" in one)


def pattern(sentence: str) -> re.Pattern[str]:
    """What matches `sentence`, whatever its values are."""
    return re.compile(
        _PLACE.sub(lambda found: f"(?P<{found[1] or found[2]}>.*)", re.escape(sentence)), re.DOTALL
    )


def said(kept: str) -> str:
    """`kept` as the service speaks now."""
    for sentence, matches in _patterns():
        if found := matches.fullmatch(kept):
            return gettext(sentence) % {name: said(value) for name, value in found.groupdict().items()}
    return gettext(kept) if kept in SENTENCES else kept

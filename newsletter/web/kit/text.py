"""What people type, made fit to be kept, shown, and put into a mail's header; or refused with a sentence."""

import re
from unicodedata import category, combining, normalize

from newsletter.errors import BadInput
from newsletter.words import gettext as _

MOST_MARKS = 20  # on one letter; no language needs more than a handful

_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n?|[\u2028\u2029]")
_BREAK = re.compile("[\n\r\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]"
)
_FLAG = re.compile(
    "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f"
)  # Scotland, Texas, …
_JOINER = re.compile("[\u200c\u200d]")
_EMOJI = re.compile("[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff]")
_ARABIC = re.compile("[\u0620-\u06d3\u0750-\u077f\u08a0-\u08c9]")
_ENCODED_WORD = re.compile(
    r"=\?[^?]*\?[bBqQ]\?"
)  # RFC 2047; some mail libraries decode it wherever it stands
_VIRAMA = 9  # its canonical combining class

UNREADABLE = "This holds characters that can’t be read. Please type it again."
ONE_LINE = "Please write this on one line."
CONTROL = "This holds control characters. Please type it again."
INVISIBLE = "This holds invisible characters, perhaps from copying. Please type it instead."
MARKS = "This holds letters with too many marks on them."
ENCODED = "Please write this as plain text, without =?…?=."


def clean(text: str, *, max_length: int, multiline: bool = False) -> str:
    """`text` in Unicode's composed form (NFC), trimmed; every line end as a line feed. Raises BadInput.

    What would deceive a reader's eye or a mail header is refused, not repaired: control characters, bidi
    controls, invisible characters (but for joiners where a script or an emoji needs them), encoded words.
    """
    _check_characters(text, multiline=multiline)
    text = text.replace("\t", " ") if not multiline else _LINE_END.sub("\n", text)
    if not text.isascii():
        _check_marks(text)  # first: normalising a heap of marks takes time in the square of its height
        text = normalize("NFC", text)
        _check_marks(text)
        _check_joiners(text)
    text = text.strip()
    if _ENCODED_WORD.search(text):
        raise BadInput(ENCODED)
    if len(text) > max_length:
        raise BadInput(_("This is too long: %(most)d characters at most.") % {"most": max_length})
    return text


def _check_characters(text: str, *, multiline: bool) -> None:
    if _SURROGATE.search(text):
        raise BadInput(UNREADABLE)
    if not multiline and _BREAK.search(text):
        raise BadInput(ONE_LINE)
    if _CONTROL.search(text.replace("\r", "") if multiline else text):
        raise BadInput(CONTROL)
    if not text.isascii() and _INVISIBLE.search(_FLAG.sub("", text)):
        raise BadInput(INVISIBLE)


def _check_marks(text: str) -> None:
    run = 0
    for character in text:
        run = run + 1 if category(character)[0] == "M" else 0
        if run > MOST_MARKS:
            raise BadInput(MARKS)


def _check_joiners(text: str) -> None:
    for found in _JOINER.finditer(text):
        before = text[found.start() - 1] if found.start() else ""
        if not _may_join(before, found.group(), text[found.end() : found.end() + 1]):
            raise BadInput(INVISIBLE)


def _may_join(before: str, joiner: str, after: str) -> bool:
    """After RFC 5892, appendix A: below a virama; between Arabic letters the non-joiner; and in emoji the joiner."""
    if not before or not after:
        return False
    if combining(before) == _VIRAMA:
        return True
    letters = _EMOJI if joiner == "\u200d" else _ARABIC
    return bool(letters.match(before) and letters.match(after))

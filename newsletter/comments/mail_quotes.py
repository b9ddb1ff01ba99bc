"""What is new in an answered mail: without what it quotes, its signature, and what mail programs add."""

import re
from collections.abc import Sequence
from itertools import groupby

_INVISIBLE = re.compile(
    "[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)  # programs strew these
_SPACES = re.compile("[\u00a0\u202f]")
_LONGEST = 200_000  # characters that are read at all
_WIDEST = 400  # characters of a quote's head, over three lines
_SHORT = 90  # of a telephone's signature

# "On Tue, Nov 3, 2026 at 10:02 AM Olga <…> wrote:" in seven languages, with the name before or after the date.
_WROTE = re.compile(r"(?i)\b(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu)\b")
_BEGINS = re.compile(r"(?i)[*_]*(?:on|am|le|el|il|op|em)\b")
_DATED = re.compile(r"\b\d{4}\b|\d:\d\d|\d\.\d\d?\.|\d/\d|@")
_ADDRESS = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")

_ORIGINAL = re.compile(
    r"(?i)-{2,}\s*(?:original message|original-?nachricht|ursprüngliche nachricht|message d['’]origine|"
    r"message original|mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original|"
    r"forwarded message|weitergeleitete nachricht)\s*-{2,}"
)
_FROM = re.compile(r"(?i)[*_]*(?:from|von|de|da|van)\s?:[*_]*\s*\S")
_SENT = re.compile(
    r"(?i)[*_]*(?:sent|date|gesendet|datum|envoyé|enviado(?: el| em)?|fecha|inviato|data|verzonden)\s?:[*_]*\s*\S"
)
_RULE = re.compile(r"[_-]{10,}")

_TELEPHONE = re.compile(
    r"(?i)(?:sent (?:from|via|with)|get|download|von meine[mr]|gesendet (?:von|mit)|diese nachricht wurde (?:von|mit)|"
    r"envoyé (?:de|depuis|à partir)|obtenez|télécharge[rz]|enviado (?:desde|do|a partir)|obtener|obter|"
    r"inviato da|scarica|ottieni|verstuurd vanaf|verzonden (?:vanaf|met)|outlook)\b.*"
    r"\b(?:iphone|ipad|ios|mac|android|samsung|galaxy|huawei|xiaomi|pixel|blackberry|smartphone|mobil\w*|handy|"
    r"phone|outlook|yahoo|proton\w*|gmx|web\.de|mail|windows|fairphone|téléphone|móvil|telefoon|telefono)\b.*"
)


def new_text(text: str) -> str:
    """What its writer added to the mail. Where answers stand between quotes, those quotes stay, as ``>`` lines."""
    text = _SPACES.sub(" ", _INVISIBLE.sub("", text[:_LONGEST].replace("\r\n", "\n").replace("\r", "\n")))
    lines = _without_heads(_above_the_rest([line.rstrip() for line in text.split("\n")]))
    pieces: list[tuple[bool, str]] = []
    for quoted, group in groupby(_settled(lines), key=_is_quote):
        written = list(group)
        while written and not written[-1].strip("> "):
            written.pop()
        piece = "\n".join(written)
        if not quoted:
            piece = _without_telephone(piece)
        if piece.strip():
            pieces.append((quoted, piece.strip("\n")))
    while pieces and pieces[-1][0]:
        pieces.pop()
    if [quoted for quoted, _ in pieces] == [True, False]:  # all below the quote: no need to say it again
        del pieces[0]
    return "\n\n".join(piece for _, piece in pieces).strip()


def _is_quote(line: str) -> bool:
    return line.startswith(">")


def _above_the_rest(lines: list[str]) -> list[str]:
    """Up to the signature, or to a quote of the kind that has no marks and goes on to the end."""
    for at, line in enumerate(lines):
        if line == "--" or _ORIGINAL.fullmatch(line.strip()) or _is_header_block(lines, at):
            above = lines[:at]
            while above and (not above[-1] or _RULE.fullmatch(above[-1])):
                above.pop()
            return above
    return lines


def _is_header_block(lines: Sequence[str], at: int) -> bool:
    """Outlook's: From, then Sent within the next lines."""
    return bool(_FROM.match(lines[at])) and any(_SENT.match(line) for line in lines[at + 1 : at + 5])


def _without_heads(lines: list[str]) -> list[str]:
    """Without "On … wrote:" before a quote; and without what follows it, where that bears no mark."""
    kept: list[str] = []
    for at, line in enumerate(lines):
        kept.append(line)
        if not line.endswith((":", ":*", ":_")) or _is_quote(line):
            continue
        following = _following(lines, at)
        size = _head(kept, before_quote=_is_quote(following))
        if size:
            del kept[-size:]
            if not _is_quote(following):
                break
    return kept


def _following(lines: Sequence[str], at: int) -> str:
    """The next line that isn't empty."""
    return next((lines[n] for n in range(at + 1, len(lines)) if lines[n]), "")


def _head(lines: Sequence[str], *, before_quote: bool) -> int:
    """How many of the last lines are the head of a quote: 0 to 3."""
    for size in range(1, min(3, len(lines)) + 1):
        text = " ".join(line.strip() for line in lines[-size:])
        if len(text) > _WIDEST or not lines[-size] or _is_quote(lines[-size]):
            return 0
        named = _BEGINS.match(text) or _ADDRESS.search(text)
        if named and _WROTE.search(text) and _DATED.search(text):
            return size
        if before_quote and _ADDRESS.search(text) and re.search(r"\d:\d\d", text):
            return size  # an older Gmail: "2026-11-03 10:02 GMT+01:00 Olga <…>:"
    return 0


def _settled(lines: Sequence[str]) -> list[str]:
    """Empty lines within a quote belong to it; elsewhere they are one."""
    settled: list[str] = []
    for at, line in enumerate(lines):
        if line:
            settled.append(line)
        elif settled and settled[-1].strip("> "):
            within = _is_quote(settled[-1]) and _is_quote(_following(lines, at))
            settled.append(">" if within else "")
    return settled


def _without_telephone(text: str) -> str:
    """Without "Sent from my iPhone" as its last line."""
    above, _, last = text.rstrip().rpartition("\n")
    last = last.strip("*_[]()<> ")
    return above if len(last) <= _SHORT and _TELEPHONE.fullmatch(last) else text

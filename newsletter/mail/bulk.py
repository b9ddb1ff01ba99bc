"""One message to many: its bytes are made once, and what differs from person to person is joined in.

It is kept as JSON: pieces that are ASCII already, quoted-printable and folded, with slots between them. A slot has
lines of its own, begun and ended by soft line breaks, so whatever is filled in, no line grows beyond 76 characters.
No line of a body begins with a dot, so nothing has to be stuffed (RFC 5321 §4.5.2).
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from email.headerregistry import Address
from typing import Literal

import msgspec

from newsletter import clock
from newsletter.addresses import HEADER_FORM
from newsletter.mail.claims import Delivery
from newsletter.mail.dkim import Many, Signer
from newsletter.mail.headers import WIDTH, MessageError, encoded, for_a_list, mailbox, one_line
from newsletter.mail.merge import PREFERENCES, UNSUBSCRIBE, Marks, Slot, Tag, filled
from newsletter.mail.messages import check

DOTS_NEED_STUFFING = False

_NAMES = """
    From To Subject Date Message-ID X-Auto-Response-Suppress Precedence List-Id List-Unsubscribe
    List-Unsubscribe-Post MIME-Version Content-Type
    """.split()  # noqa: SIM905  read better so
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9._-]{1,200}@[A-Za-z0-9.-]{1,253}>")
_URL = re.compile(r"https?://[!#-%(-;=?-\[\]-~]{1,500}")  # without what HTML would escape, and backslashes
_SAFE = re.compile(r"[A-Za-z0-9@_,+'!?:/&;%#-][A-Za-z0-9@_,+'!?:/&;%#.-]*")
_PLAIN = re.compile(r"(?!From )[A-Za-z0-9@_,+'!?:/&;%#-][A-Za-z0-9@_,+'!?:/&;%#. -]{0,74}")

# What stands for each octet in quoted-printable.
_ATOMS = [chr(octet) if 32 <= octet <= 126 and octet != 61 else f"={octet:02X}" for octet in range(256)]

_OF_A_LIST = "X-Auto-Response-Suppress: OOF, AutoReply\r\nPrecedence: bulk\r\n"
_ONE_CLICK = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\n"

_Filler = Literal["recipient", "message_id", "subject", "leave"]


class Content(msgspec.Struct, frozen=True):
    """As it lies in its row."""

    pieces: list[str]
    slots: list[Slot | _Filler]  # one after each piece but the last
    subject: list[str | Slot]
    version: int = 1


class Frozen:
    """Made by `freeze` or `thaw`."""

    def __init__(self, content: Content, signer: Signer | None = None) -> None:
        self._content = content
        self._signed = Many(signer, content.pieces) if signer else None
        self._row: list[str] = [""] * (2 * len(content.pieces) - 1)
        self._row[::2] = content.pieces
        self._at: dict[_Filler, int] = {}
        self._slots: dict[Slot, list[int]] = {}  # and where each of them stands
        for number, slot in enumerate(content.slots):
            if isinstance(slot, Slot):
                self._slots.setdefault(slot, []).append(2 * number + 1)
            else:
                self._at[slot] = 2 * number + 1
        tags = {slot.tag.name for slot in self._slots}
        tags |= {part.tag.name for part in content.subject if isinstance(part, Slot)}
        self.tags = {tag for tag in tags if not tag.startswith("@")}
        """The names of the merge tags that it needs values for."""
        self.has_preferences = PREFERENCES in tags
        """Whether it says where one's preferences are."""

    def to_bytes(self) -> bytes:
        """For its row; `thaw` reads it."""
        return msgspec.json.encode(self._content)

    def message(
        self,
        recipient: str,
        message_id: str,
        values: str,
        unsubscribe_url: str,
        preferences_url: str = "",
        *,
        signed_at: int = 0,
    ) -> bytes:
        """The message to one person, as it goes on the wire but for its final dot; signed, as of `signed_at` (ms).

        `values` is JSON, a text for each tag. Equal arguments give equal bytes. Raises MessageError.
        """
        if not HEADER_FORM.fullmatch(recipient) or not _MESSAGE_ID.fullmatch(message_id):
            raise MessageError("Its recipient or its Message-ID can't stand in a header as it is.")
        if not (_URL.fullmatch(unsubscribe_url) and (not preferences_url or _URL.fullmatch(preferences_url))):
            raise MessageError("Its link to leave can't stand in a header as it is.")
        known = _values(values)
        known["email"] = recipient
        links = dict[str, str]()
        if self._slots:
            leave = quoted(unsubscribe_url)  # the same in both parts: _URL has nothing that HTML would escape
            links = {UNSUBSCRIBE: leave, PREFERENCES: quoted(preferences_url) if preferences_url else leave}
        row, at = self._row.copy(), self._at
        row[at["recipient"]] = recipient
        row[at["message_id"]] = message_id
        row[at["leave"]] = unsubscribe_url
        if "subject" in at:
            row[at["subject"]] = _subject(self._content.subject, known.get)
        for slot, places in self._slots.items():
            value = links.get(slot.tag.name) or quoted(filled(slot, known))
            for place in places:
                row[place] = value
        return self._signed.sign(row, signed_at) if self._signed else "".join(row).encode()


_DECODER = msgspec.json.Decoder(dict[str, str])


def _values(values: str) -> dict[str, str]:
    if values == "{}":
        return {}
    try:
        return _DECODER.decode(values)
    except (msgspec.DecodeError, ValueError):
        raise MessageError("What its merge tags say is not a text for each.") from None


def thaw(content: bytes, signer: Signer | None = None) -> Frozen:
    """Its messages are signed where there is a `signer`. Raises MessageError when this is none of ours."""
    try:
        kept = msgspec.json.decode(content, type=Content)
    except (msgspec.DecodeError, ValueError):
        raise MessageError("The frozen message can't be read.") from None
    if kept.version != 1 or len(kept.pieces) != len(kept.slots) + 1:
        raise MessageError("The frozen message was made by another version.")
    return Frozen(kept, signer)


def freeze(
    *,
    sender: Address,
    list_id: str,
    date: int,
    marks: Marks,
    subject: str,
    plain: str,
    html: str,
    reply_to: str = "",
) -> Frozen:
    """Both parts and the headers as bytes, once. The texts are marked; `list_id` is a host's name, `date` in ms.
    `reply_to` is an address, where it isn't the sender's.

    Raises MessageError.
    """
    subject_parts = marks.split(subject, "subject")
    name = hashlib.sha256(f"{plain}\0{html}".encode(errors="replace")).hexdigest()[:24]
    more = for_a_list(sender, name) | ({"Reply-To": reply_to} if reply_to else {})
    lines = "".join(f"{header}: {value}\r\n" for header, value in more.items())
    parts: list[str | Slot | _Filler] = [
        f"From: {mailbox(sender)}\r\nTo: ",
        "recipient",
        "\r\nSubject: ",
        _subject(subject_parts, lambda _name: None) if len(subject_parts) == 1 else "subject",
        f"\r\nDate: {clock.mail_date(date)}\r\nMessage-ID: ",
        "message_id",
        f"\r\n{_OF_A_LIST}{_list_id(sender, list_id)}{lines}List-Unsubscribe: <",
        "leave",
        f'>\r\n{_ONE_CLICK}Content-Type: multipart/alternative; boundary="=_{name}"\r\n\r\n',
        *_part(name, "plain", marks.split(plain, "text")),
        *_part(name, "html", marks.split(html, "html")),
        f"--=_{name}--\r\n",
    ]
    if len(subject_parts) > 1:
        _subject(subject_parts, lambda _name: None)  # nobody's may be empty
    pieces, slots = _packed(parts)
    frozen = Frozen(Content(pieces, slots, subject_parts if len(subject_parts) > 1 else []))
    _look_again(frozen, more)
    return frozen


def _packed(parts: Sequence[str | Slot | _Filler]) -> tuple[list[str], list[Slot | _Filler]]:
    """Constant pieces joined, so that between each two there is a slot."""
    pieces, slots = [""], list[Slot | _Filler]()
    for part in parts:
        if isinstance(part, Slot) or part in ("recipient", "message_id", "subject", "leave"):
            slots.append(part)  # type: ignore[arg-type]  # one of the four words, which mypy can't see
            pieces.append("")
        else:
            pieces[-1] += part
    return pieces, slots


def _look_again(frozen: Frozen, more: Iterable[str]) -> None:
    """Another program reads it as it was meant, for one who has no values at all."""
    sample = Delivery(0, "", 0, "a@example.org", "{}", "<a@example.org>", 0, 0, 0, 0)
    raw = frozen.message(sample.recipient, sample.message_id, "{}", "https://example.org/u/a")
    check(raw, [*_NAMES, *more], sample)


def _list_id(sender: Address, list_id: str) -> str:
    """RFC 2919: for people, then for programs."""
    name = mailbox(Address(sender.display_name or list_id, "x", "x")).removesuffix("<x@x>").rstrip()
    return f"List-Id: {name}\r\n <{list_id}>\r\n"


def _subject(parts: Sequence[str | Slot], value: Callable[[str], str | None]) -> str:
    known = {slot.tag.name: value(slot.tag.name) or "" for slot in parts if isinstance(slot, Slot)}
    said = "".join(
        part if isinstance(part, str) else filled(part, known).replace("=?", "= ?") for part in parts
    )
    if len(parts) > 1:
        said = said.replace("=?", "= ?")  # no encoded word, not even one that the pieces make together
    return encoded(one_line("The subject", said))


def _part(name: str, kind: str, parts: Sequence[str | Slot]) -> list[str | Slot]:
    head = f'--=_{name}\r\nContent-Type: text/{kind}; charset="utf-8"\r\n'
    out: list[str | Slot] = [f"{head}Content-Transfer-Encoding: quoted-printable\r\n\r\n"]
    for number, part in enumerate(parts):
        if isinstance(part, Slot):
            out.append(part)
            continue
        lines = "\r\n".join(map(quoted, part.replace("\r\n", "\n").split("\n")))
        if number:
            lines = f"=\r\n{lines}"  # after a slot
        if number < len(parts) - 1 and lines and not lines.endswith("\n"):
            lines += "=\r\n"  # before one
        out.append(lines)
    out.append("\r\n")
    return out


def quoted(line: str) -> str:
    """A line's text as quoted-printable, which begins a line of its own and whose lines are 76 long at most."""
    if _PLAIN.fullmatch(line) and not line.endswith(" "):  # which is short
        return line
    if _SAFE.fullmatch(line) and "From" not in line and "." not in line[:: WIDTH - 1]:  # a link, mostly
        return "=\r\n".join([line[start : start + WIDTH - 1] for start in range(0, len(line), WIDTH - 1)])
    whole = "".join(map(_ATOMS.__getitem__, line.encode("utf-8", "replace")))
    if len(whole) < WIDTH and whole[:1] not in ".F" and whole[-1] != " ":
        return whole
    lines, current = list[str](), ""
    for index, letter in enumerate(line):
        atom = "".join(map(_ATOMS.__getitem__, letter.encode("utf-8", "replace")))
        if len(current) + len(atom) >= WIDTH:
            lines.append(current)
            current = ""
        if not current and (atom == "." or line.startswith("From ", index)):
            atom = f"={ord(letter):02X}"
        current += atom
    if current.endswith(" "):  # a space at a line's end gets lost
        current = current[:-1]
        if len(current) + 3 > WIDTH - 1:
            lines.append(current)
            current = ""
        current += "=20"
    return "=\r\n".join([*lines, current])


__all__ = ["DOTS_NEED_STUFFING", "Content", "Frozen", "Tag", "freeze", "quoted", "thaw"]

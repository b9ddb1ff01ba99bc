"""What we sign another program verifies, and nobody can change a byte of it."""

import re
from collections import Counter
from email.headerregistry import Address

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from newsletter.mail import Post
from newsletter.mail.bulk import Content, freeze
from newsletter.mail.dkim import Many, Signer, relaxed, signer_of
from newsletter.mail.headers import REFUSED, MessageError
from newsletter.mail.merge import PREFERENCES, UNSUBSCRIBE, Marks
from newsletter.mail.messages import Attachment, Messages
from newsletter.settings import Settings
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests.conftest import NOON, ON_ONE
from tests.mail.conftest import ADA, CONTEXTS, AtWork, delivery, settled
from tests.mail.keys import Keys
from tests.mail.sink import Sink

BOTH = ("rsa", "ed25519")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def signer(keys: Keys) -> Signer:
    signer = signer_of(Settings(from_email="letters@example.com", dkim_keys=keys.setting(*BOTH)))
    assert signer
    return signer


SETTINGS = Settings(
    public_url="https://news.example.com",
    from_name="Olga Writes",
    from_email="letters@example.com",
    secret_keys=("test-key-" + "k" * 32,),
)
TOKENS = Tokens(SETTINGS.secret_keys)


@pytest.fixture(scope="module")
def messages(keys: Keys) -> Messages:
    return Messages(msgspec.structs.replace(SETTINGS, dkim_keys=keys.setting(*BOTH)), TOKENS)


@pytest.mark.parametrize("name", sorted(CONTEXTS))
def test_every_message_is_signed_with_each_key(messages: Messages, keys: Keys, name: str) -> None:
    raw = messages.build(delivery(name))
    assert keys.hold(raw) == [True, True]
    assert messages.build(delivery(name)) == raw, "a resend has equal bytes"
    bare = Messages(SETTINGS, TOKENS).build(delivery(name))
    assert raw.endswith(bare)
    above = raw.removesuffix(bare).decode("ascii")
    assert max(map(len, above.split("\r\n"))) <= 76
    assert re.findall(r" (?:t|[lx])=\d+;", above) == [f" t={NOON // 1000};"] * 2


def test_what_nobody_may_add_is_named_once_more_than_it_is_there(signer: Signer) -> None:
    fixed = ["from", "to", "cc", "subject", "date", "reply-to", "list-unsubscribe", "list-unsubscribe-post"]
    fixed.append("content-type")
    others = ["message-id", "mime-version", "list-id", "list-help", "feedback-id"]
    for there in (["from"], [*fixed, *others, "x-other"]):
        raw = "".join(f"{name}: a\r\n" for name in there) + "\r\nHello\r\n"
        signed = re.sub(r"\s", "", signer.sign(raw.encode(), NOON).decode())
        expected = Counter(fixed) + Counter(name for name in there if name != "x-other")
        named = re.findall(r"\bh=([^;]+);", signed)
        assert [Counter(one.lower().split(":")) for one in named] == [expected] * 2


@pytest.mark.parametrize("name", sorted(CONTEXTS))
def test_a_changed_byte_is_seen(messages: Messages, keys: Keys, name: str) -> None:
    raw = messages.build(delivery(name))
    body = raw.index(b"\r\n\r\n") + 4
    for changed in (
        raw.replace(b"Subject: ", b"Subject: My "),
        raw.replace(b"To: ada@", b"To: eda@"),
        raw.replace(b"<" + b"0123", b"<" + b"1123", 1),
        raw[:body] + raw[body:].replace(b"charset", b"dharset", 1),
        raw[:-3] + b"+" + raw[-2:],
        raw + b"And buy this.\r\n",
        raw.replace(b" t=1", b" t=0"),
    ):
        assert changed != raw
        assert keys.hold(changed) == [False, False]


@pytest.mark.parametrize(
    "line",
    """From: eve@example.net|To: eve@example.net|Cc: eve@example.net|Subject: Buy|Reply-To: eve@example.net
    Date: Fri, 16 Jan 2026 12:00:00 +0000|List-Unsubscribe: <https://example.net/>
    List-Unsubscribe-Post: List-Unsubscribe=One-Click|Content-Type: text/plain""".replace(
        "\n    ", "|"
    ).split("|"),
)
@pytest.mark.parametrize("name", ["confirmation", "guide"])
def test_no_header_can_be_put_above_or_below(messages: Messages, keys: Keys, name: str, line: str) -> None:
    raw = messages.build(delivery(name))
    added = f"{line}\r\n".encode()
    head, gap, body = raw.partition(b"\r\n\r\n")
    assert keys.hold(added + raw) == [False, False]
    assert keys.hold(head + b"\r\n" + added.rstrip() + gap + body) == [False, False]
    assert keys.hold(b"Received: from a relay\r\n" + raw) == [True, True]


def test_an_attachment_is_signed_with_it(messages: Messages, keys: Keys) -> None:
    guide = Attachment("Guide.pdf", "application/pdf", b"%PDF-1.7\n" + bytes(range(256)) * 9)
    raw = messages.build(delivery("guide"), [guide])
    assert keys.hold(raw) == [True, True]


TEXT = st.text(st.sampled_from("a=. \t"), max_size=12)
HEADER = st.tuples(
    st.sampled_from(["From", "To", "Subject", "subject", "Reply-To", "List-Id", "Content-Type", "X-Other"]),
    st.sampled_from([":", ": ", ":  ", ":\t"]),
    st.lists(
        st.text(st.sampled_from("ab \t"), min_size=1, max_size=6).map(lambda s: s + "c"),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["", " ", "\t "]),
)


@limits(deadline=None, max_examples=40)
@given(
    headers=st.lists(HEADER, max_size=6),
    lines=st.lists(TEXT, max_size=6),
    gap=st.sampled_from(["\r\n ", "\r\n\t"]),
)
def test_whatever_the_white_space(
    keys: Keys, signer: Signer, headers: list[tuple[str, str, list[str], str]], lines: list[str], gap: str
) -> None:
    head = "".join(f"{name}{colon}{gap.join(words)}{end}\r\n" for name, colon, words, end in headers)
    raw = f"From: a@example.com\r\n{head}\r\n" + "".join(f"{line}\r\n" for line in lines)
    assert keys.hold(signer.sign(raw.encode("ascii"), NOON)) == [True, True]


VALUE = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


@limits(deadline=None, max_examples=40)
@given(
    name=VALUE,
    default=st.text(st.sampled_from("ab .="), max_size=90),
    text=st.lists(st.one_of(TEXT, st.just("{{ name | 'X' }}"), st.just("{{ first_name }}")), max_size=8),
    tagged=st.booleans(),
)
@example(name="", default="dear  reader ", text=["{{ name | 'X' }}"], tagged=False)
def test_whatever_is_merged(
    keys: Keys, signer: Signer, name: str, default: str, text: list[str], tagged: bool
) -> None:
    """A message to many, prepared once, is signed as it would be on its own."""
    marks = Marks()
    body = marks.mark("\n".join(text).replace("X", default.replace("'", "")))
    links = f"{marks.link(UNSUBSCRIBE)} {marks.link(PREFERENCES)}"
    try:
        frozen = freeze(
            sender=Address("Olga Writes", addr_spec="letters@example.com"),
            list_id="newsletter.example.com",
            date=NOON,
            marks=marks,
            subject=marks.mark("On work, {{ name | 'you' }}" if tagged else "On work"),
            plain=f"{body}\n{links}\n",
            html=f"<p>  {body}</p>\n\n{links}\n\t<br> \n",
        )
        values = msgspec.json.encode({"name": name, "first_name": name[:3]}).decode()
        raw = frozen.message(
            "ada@example.org", "<1.2@example.com>", values, "https://example.com/u/" + "x" * 80
        )
    except MessageError:
        assert REFUSED.search(name) or not name.strip() or "=?" in name
        return
    pieces = msgspec.json.decode(frozen.to_bytes(), type=Content).pieces
    mailed = Many(signer, pieces).sign(row_of(pieces, raw), NOON)
    assert mailed == signer.sign(raw, NOON)
    assert keys.hold(mailed) == [True, True]


def row_of(pieces: list[str], raw: bytes) -> list[str]:
    """What the message was joined of."""
    found = re.fullmatch("(.*?)".join(map(re.escape, pieces)), raw.decode("ascii"), re.DOTALL)
    assert found
    row = [""] * (2 * len(pieces) - 1)
    row[::2], row[1::2] = pieces, found.groups()
    return row


def test_a_body_that_is_the_same_for_all_is_prepared_whole(keys: Keys, signer: Signer) -> None:
    pieces = ["From: a@example.com\r\nTo: ", "\r\nSubject: Hi\r\n\r\nThe same  for all.  \r\n\r\n\r\n"]
    many = Many(signer, pieces)
    for to in ("ada@example.org", "ben@example.org"):
        raw = many.sign([pieces[0], to, pieces[1]], NOON)
        assert raw == signer.sign(to.join(pieces).encode(), NOON)
        assert keys.hold(raw) == [True, True]


@pytest.mark.parametrize("to", ['"ada  lovelace"@example.org', " ada@example.org", "ada@example.org ", ""])
def test_white_space_that_is_filled_into_a_header_is_relaxed_with_it(
    keys: Keys, signer: Signer, to: str
) -> None:
    pieces = ["From:  a@example.com\r\nTo: ", "\r\nSubject:  Hi\r\n\r\nHello\r\n"]
    raw = Many(signer, pieces).sign([pieces[0], to, pieces[1]], NOON)
    assert raw == signer.sign(to.join(pieces).encode(), NOON)
    assert keys.hold(raw) == [True, True]


@pytest.mark.parametrize("pieces", [["Dear ", "=\r\nYours\r\n"], ["Dear =\r\n", ", hello\r\n"]])
def test_pieces_that_share_a_line_are_refused(signer: Signer, pieces: list[str]) -> None:
    first, last = pieces
    with pytest.raises(MessageError, match="shares a line"):
        Many(signer, [f"From: a@example.com\r\n\r\n{first}", last])


def test_pieces_without_a_body_are_refused(signer: Signer) -> None:
    with pytest.raises(MessageError, match="shares a line"):
        Many(signer, ["From: a@example.com\r\nTo: ", "\r\n"])


@pytest.mark.parametrize(
    ("body", "meant"),
    [("", ""), ("\r\n\r\n", ""), (" \r\n", ""), ("a \t b \r\n\r\n", "a b\r\n"), ("\ta", " a\r\n")],
)
def test_a_body_as_it_is_hashed(body: str, meant: str) -> None:
    assert relaxed(body) == meant


def test_a_long_domain_and_selector_fit(keys: Keys) -> None:
    selector, domain = "s" + "1" * 62, f"letters.{'example' * 6}.com"
    path = keys.paths["ed25519"]
    signer = signer_of(Settings(from_email=f"a@{domain}", dkim_keys=(f"{selector}={path}",)))
    assert signer
    raw = signer.sign(b"From: a@example.com\r\n\r\n", NOON)
    assert max(map(len, raw.split(b"\r\n"))) <= 76
    keys.dns[f"{selector}._domainkey.{domain}.".encode()] = keys.dns[b"ed25519._domainkey.example.com."]
    assert keys.hold(raw) == [True]


def test_nothing_set_signs_nothing() -> None:
    assert signer_of(SETTINGS) is None


@pytest.fixture
def settings(keys: Keys) -> Settings:
    return msgspec.structs.replace(SETTINGS, dkim_keys=keys.setting("ed25519"))


@ON_ONE
async def test_the_wire_carries_what_was_signed(
    db: Database, post: Post, at_work: AtWork, sink: Sink, keys: Keys
) -> None:
    async with at_work():
        await db.write(post.enqueue, "guide", ADA, context=CONTEXTS["guide"])
        await settled(db, "sent")
    (mail,) = sink.mails
    assert keys.hold(mail.content) == [True]


def test_what_would_be_a_header_of_its_own_is_refused(signer: Signer) -> None:
    pieces = ["From: a@example.com\r\nTo: ", "\r\n\r\nHello\r\n"]
    with pytest.raises(MessageError, match="a header of its own"):
        Many(signer, pieces).sign([pieces[0], "ada@example.org\r\nCc: eve@example.net", pieces[1]], NOON)

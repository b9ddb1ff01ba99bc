"""Three kinds of bodies, one dict of texts; every fault named, none a crash."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar import Request

from newsletter.errors import BadInput
from newsletter.web.kit import body, text
from newsletter.web.kit.body import JSON, MULTIPART, URLENCODED, Body, WrongType, read_fields
from tests.web.wire import tiny_app

ALLOWED = {"email": 254, "name": 100, "comment": 4000}
APP = tiny_app()
BOUNDARY = "----x7MA4YWxk"


def read(raw: bytes, content_type: str | None) -> Body:
    headers = [] if content_type is None else [(b"content-type", content_type.encode("latin-1"))]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": raw, "more_body": False}

    scope: Any = {
        "type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers, "state": {},
        "litestar_app": APP, "route_handler": APP.route_handler_method_map["/echo"]["POST"],
    }  # fmt: skip
    request: Request[Any, Any, Any] = Request(scope, receive=receive)  # type: ignore[arg-type]  # our receive is enough
    reading = read_fields(request, ALLOWED, multiline={"comment"})
    try:
        reading.send(None)
    except StopIteration as done:
        sent: Body = done.value
        return sent
    raise AssertionError("It waits for something.")


def form(*pairs: tuple[str, str]) -> Body:
    return read(urlencode(pairs).encode(), URLENCODED)


def parts(*pairs: tuple[str, bytes], extra: str = "") -> bytes:
    content = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode()
        + value
        + b"\r\n"
        for name, value in pairs
    )
    return content + f"--{BOUNDARY}--\r\n".encode()


def multipart(*pairs: tuple[str, bytes], extra: str = "") -> Body:
    return read(parts(*pairs, extra=extra), f"{MULTIPART}; boundary={BOUNDARY}")


def program(value: Any) -> Body:
    return read(json.dumps(value).encode(), JSON)


def test_the_three_kinds_say_the_same() -> None:
    values = {"email": "ada@example.org", "name": "Ada Ångström & 😀"}

    for sent in (
        form(*values.items()),
        multipart(*((name, value.encode()) for name, value in values.items())),
        program(values),
        read(json.dumps(values, ensure_ascii=False).encode(), "Application/JSON; charset=UTF-8"),
        read(
            b"email=ada@example.org&name=Ada+%C3%85ngstr%C3%B6m+%26+%F0%9F%98%80",
            f"{URLENCODED};charset=utf-8",
        ),
        read("email=ada@example.org&name=Ada Ångström %26 😀".encode(), URLENCODED),
    ):
        assert sent.values == values
        assert not sent.errors


def test_several_lines_only_where_they_belong() -> None:
    sent = form(("name", "one\r\ntwo"), ("comment", "one\r\ntwo"))

    assert sent.values["comment"] == "one\ntwo"
    assert sent.errors == {"name": text.ONE_LINE}


def test_nothing_at_all_is_an_empty_form() -> None:
    for content_type in (None, URLENCODED, f"{MULTIPART}; boundary=x"):
        assert read(b"", content_type) == Body({}, {}, is_json=False)
    assert form() == Body({}, {}, is_json=False)
    assert program({}) == Body({}, {}, is_json=True)


def test_all_errors_at_once_and_what_was_typed_is_kept() -> None:
    sent = form(("email", "ada@example.org"), ("name", "A\0da"), ("comment", "x" * 5000), ("admin", "1"))

    assert sent.errors == {
        "name": text.CONTROL,
        "comment": "This is too long: 4000 characters at most.",
        "admin": body.UNKNOWN,
    }
    assert sent.values == {"email": "ada@example.org", "name": "A da", "comment": "x" * 4000}


@pytest.mark.parametrize(
    "value", [None, True, 1, 1.5, [], ["ada@example.org"], {}, {"$ne": ""}, float("nan")]
)
def test_json_of_another_kind_is_named(value: Any) -> None:
    assert program({"email": value}).errors == {"email": body.NO_TEXT}


@pytest.mark.parametrize("kind", [form, lambda *pairs: multipart(*((n, v.encode()) for n, v in pairs))])
def test_a_repeated_field_is_named(kind: Any) -> None:
    sent = kind(("email", "ada@example.org"), ("email", "mallory@example.com"))

    assert sent.errors == {"email": body.REPEATED}


def test_a_repeated_key_in_json_is_named() -> None:
    assert read(b'{"email": "a@example.org", "email": "b@example.org"}', JSON).errors == {
        "email": body.REPEATED
    }


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b"name=%ff", URLENCODED),
        (b"name=\xff", URLENCODED),
        (b"name=%ed%a0%80", URLENCODED),
        (b'{"name": "\\ud800"}', JSON),
        (b'{"name": "\xff"}', JSON),
        (parts(("name", b"\xff")), f"{MULTIPART}; boundary={BOUNDARY}"),
    ],
)
def test_bytes_that_are_no_text_are_named(raw: bytes, content_type: str) -> None:
    sent = read(raw, content_type)

    assert sent.errors == {"name": text.UNREADABLE}
    sent.values["name"].encode()


def test_a_button_that_was_pressed_does_not_matter() -> None:
    pressed = [("email", "ada@example.org"), ("submit", "Send"), ("x", "4"), ("y", "7")]

    assert form(*pressed) == Body({"email": "ada@example.org"}, {}, is_json=False)
    assert set(program(dict(pressed)).errors) == {"submit", "x", "y"}


@pytest.mark.parametrize("extra", ['; filename="a.txt"', '; filename=""', "; filename=x"])
def test_a_file_is_refused(extra: str) -> None:
    assert multipart(("name", b"x"), extra=extra).errors == {"name": body.NO_FILE}


def test_an_unknown_name_is_shown_harmlessly() -> None:
    (name,) = form(("<b>\ud800\r\n\u202e".encode("utf-8", "replace").decode() + "x" * 500, "1")).errors
    (other,) = read(b"%ff%00=1", URLENCODED).errors

    assert len(name) <= 60
    assert "\u202e" not in name
    assert other.encode() == b"  "


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "application/octet-stream",
        "",
        "json",
        f"{URLENCODED}; charset=latin-1",
        "\xff",
    ],
)
def test_another_type_is_refused(content_type: str) -> None:
    with pytest.raises(WrongType, match="Please send this as"):
        read(b"email=ada@example.org", content_type)


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (b"{", JSON),
        (b"[]", JSON),
        (b'"email"', JSON),
        (b"null", JSON),
        (b'[["email", "ada@example.org"]]', JSON),
        (b"[" * 16_000, JSON),
        (b'{"a":' * 6_000, JSON),
        (b'{"email": ' + b"9" * 30_000 + b"}", JSON),
        (b'\xff\xfe{\x00"\x00', JSON),
        (b'{"email": "a"} {"email": "b"}', JSON),
        (b"no parts", f"{MULTIPART}; boundary={BOUNDARY}"),
        (parts(("name", b"x"))[:-10], f"{MULTIPART}; boundary={BOUNDARY}"),
        (parts(("name", b"x")), f"{MULTIPART}; boundary=other"),
        (parts(("name", b"x")), MULTIPART),
        (b"&".join(b"a%d=" % n for n in range(5000)), URLENCODED),
        (json.dumps({str(n): "" for n in range(500)}).encode(), JSON),
        (parts(*[("name", b"x")] * 300), f"{MULTIPART}; boundary={BOUNDARY}"),
    ],
)
def test_a_body_that_is_none_is_refused_as_a_whole(raw: bytes, content_type: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(raw, content_type)

    assert not refused.value.fields
    assert refused.value.sentence.endswith(".")


TYPES = st.sampled_from(
    [URLENCODED, JSON, f"{MULTIPART}; boundary=b", f'{MULTIPART}; boundary="b"', "text/plain"]
)
HEADS = st.sampled_from(
    [b'name="email"', b"name=email", b"name*=utf-8''email", b'name="\xff"', b'filename="\\"', b"name"]
)
PART = st.builds(
    lambda head, value: b"--b\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + value + b"\r\n",
    HEADS,
    st.binary(max_size=20),
)
RAW = (
    st.binary(max_size=300)
    | st.lists(PART, max_size=4).map(lambda found: b"".join(found) + b"--b--\r\n")
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5).map(
        lambda value: json.dumps({"email": value, "name": [value]}).encode()
    )
    | st.dictionaries(st.sampled_from(["email", "name", "n\0"]), st.text(st.characters(categories=None))).map(
        lambda values: urlencode(values, errors="surrogatepass").encode()
    )
)


@settings(max_examples=300, deadline=None)
@given(RAW, TYPES | st.text(st.characters(max_codepoint=255), max_size=40))
def test_whatever_comes_it_is_texts_or_bad_input(raw: bytes, content_type: str) -> None:
    try:
        sent = read(raw, content_type)
    except BadInput as error:
        error.sentence.encode()
        return

    assert sent.values.keys() <= ALLOWED.keys()
    json.dumps([sent.values, sent.errors], ensure_ascii=False).encode()

"""Passkeys: a signature opens the desk, once, to who was asked for it; a copied device and a foreign page don’t.

The device is made here of a key pair: what it signs is bytes as WebAuthn Level 2 has them (§6.1, §6.5).
"""

import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from html import unescape
from typing import Any

import cbor2
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from newsletter.clock import MINUTE
from newsletter.errors import BadInput
from newsletter.owners import passkeys
from newsletter.web.admin.passkey_proofs import NOT_RIGHT
from newsletter.web.admin.passkeys import NO_KEY, _come_in, _read
from newsletter.web.kit.gate import SIGN_INS
from tests.conftest import ON_ONE
from tests.web.stage import HOST, URL, Stage
from tests.web.test_desk import csrf_on, signed_in

PLACE, ENTER = "/admin/passkeys", "/admin/passkey/enter"


class Device:
    """With one key pair, behind a finger or a PIN unless `verified` is false."""

    def __init__(self) -> None:
        self.key = generate_private_key(SECP256R1())
        self.id = b"a device of Olga's"
        self.counter = 0

    def make(self, options: dict[str, Any], *, flags: int = 0x45, **other: Any) -> str:
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        about = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose
        data = self._data(flags, other.get("host", HOST)) + about
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(self._said("create", options, **other), attestationObject=attestation)

    def sign(self, options: dict[str, Any], *, flags: int = 0x05, **other: Any) -> str:
        self.counter += 1
        data, said = self._data(flags, other.get("host", HOST)), self._said("get", options, **other)
        signature = self.key.sign(data + sha256(said).digest(), ECDSA(SHA256()))
        return self._answer(said, authenticatorData=data, signature=signature)

    def _data(self, flags: int, host: str) -> bytes:
        return sha256(host.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    @staticmethod
    def _said(verb: str, options: dict[str, Any], *, origin: str = URL, host: str = HOST) -> bytes:
        said = {"type": f"webauthn.{verb}", "challenge": options["challenge"], "origin": origin}
        return json.dumps(said).encode()

    def _answer(self, said: bytes, **parts: bytes) -> str:
        response = {name: text(part) for name, part in {"clientDataJSON": said, **parts}.items()}
        own = text(self.id)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": response})


def text(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def options(page: httpx.Response) -> dict[str, Any]:
    found = re.search(r'data-options="([^"]+)"', page.text)
    assert found, page.text
    told: dict[str, Any] = json.loads(unescape(found[1]))
    return told


async def asked(web: httpx.AsyncClient) -> dict[str, Any]:
    return options(await web.post("/admin/passkey"))


async def added(still: Stage, web: httpx.AsyncClient, name: str = "My phone") -> Device:
    """By Olga, who signs in by a link for it."""
    await still.signs_in(web)
    own, device = {"csrf": csrf_on(await web.get(PLACE)), "name": name}, Device()
    told = options(await web.post(PLACE, data={"action": "ask", **own}))
    assert told["rp"] == {"id": HOST, "name": "Olga Writes"}
    assert told["authenticatorSelection"]["userVerification"] == "required"
    done = await web.post(PLACE, data={"action": "add", "answer": device.make(told), **own})
    assert done.headers["Location"] == f"{PLACE}?done=added", done.text
    return device


@ON_ONE
async def test_it_opens_the_desk(still: Stage) -> None:
    web, other = await still.visitor(), await still.visitor()
    device = await added(still, web)
    page = await web.get(PLACE)
    assert (page.status_code, "Never used." in page.text) == (200, True)
    entered = await other.post(ENTER, data={"answer": device.sign(await asked(other))})
    assert (entered.status_code, entered.headers["Location"]) == (303, "/admin")
    assert await signed_in(other)
    page = await other.get(PLACE)
    assert "Last used on" in page.text
    (id,) = re.findall(r'name="remove" value="(\d+)"', page.text)
    await other.post(PLACE, data={"remove": id, "csrf": csrf_on(await other.get(PLACE))})
    third = await still.visitor()
    gone = await third.post(ENTER, data={"answer": device.sign(await asked(third))})
    assert gone.status_code == 422
    assert not await signed_in(third)
    log = (await other.get("/admin/audit")).text
    assert "Signed in, by a passkey" in log
    assert log.count("Added or removed a passkey of theirs") == 2


@ON_ONE
async def test_each_question_is_answered_once_and_in_time(still: Stage) -> None:
    web, other = await still.visitor(), await still.visitor()
    device = await added(still, web)
    question = await asked(other)
    answer = device.sign(question)
    assert (await other.post(ENTER, data={"answer": answer})).status_code == 303
    for again in (answer, device.sign(question)):
        assert (await (await still.visitor()).post(ENTER, data={"answer": again})).status_code == 422
    late = await asked(other)
    still.clock.forward(6 * MINUTE)
    assert (await other.post(ENTER, data={"answer": device.sign(late)})).status_code == 422
    mine = options(
        await web.post(PLACE, data={"action": "ask", "name": "x", "csrf": csrf_on(await web.get(PLACE))})
    )
    assert (await other.post(ENTER, data={"answer": device.sign(mine)})).status_code == 422, (
        "to add, not to enter"
    )


@ON_ONE
async def test_what_is_not_right_opens_nothing(still: Stage) -> None:
    web, other = await still.visitor(), await still.visitor()
    device, stranger = await added(still, web), Device()
    stranger.counter = 5
    wrong: list[Callable[[dict[str, Any]], str]] = [
        lambda told: device.sign(told, origin="https://evil.example"),
        lambda told: device.sign(told, host="evil.example"),
        lambda told: device.sign(told, flags=0x01),  # somebody was there, and nobody asked who
        stranger.sign,  # its id, and another key
        lambda told: device.sign({"challenge": text(b"of nobody" * 4)}),
        lambda told: "{}",
        lambda told: "x",
        lambda told: "[]",
    ]
    for sign in wrong:
        refused = await other.post(ENTER, data={"answer": sign(await asked(other))})
        assert refused.status_code == 422
        assert not await signed_in(other)
    copied = Device()
    copied.key, copied.counter = device.key, 20
    assert (await other.post(ENTER, data={"answer": copied.sign(await asked(other))})).status_code == 303
    third = await still.visitor()
    assert (await third.post(ENTER, data={"answer": device.sign(await asked(third))})).status_code == 422


@ON_ONE
async def test_what_is_not_right_is_not_added(still: Stage) -> None:
    web, device = await still.visitor(), Device()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get(PLACE)), "name": "My phone"}
    wrong: tuple[dict[str, Any], ...] = (
        {"flags": 0x41},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
    )
    for other in wrong:
        told = options(await web.post(PLACE, data={"action": "ask", **own}))
        refused = await web.post(PLACE, data={"action": "add", "answer": device.make(told, **other), **own})
        assert (refused.status_code, NOT_RIGHT in refused.text) == (422, True), other
    told = options(await web.post(PLACE, data={"action": "ask", **own}))
    still.clock.forward(6 * MINUTE)
    late = await web.post(PLACE, data={"action": "add", "answer": device.make(told), **own})
    assert (late.status_code, NO_KEY in late.text) == (422, True)
    assert (await web.post(PLACE, data={"action": "else", **own})).status_code == 422
    assert 'name="remove"' not in (await web.get(PLACE)).text


@ON_ONE
async def test_of_two_that_show_the_same_count_one_comes_in(still: Stage) -> None:
    device = await added(still, await still.visitor())
    known = await still.site.db.read(passkeys.find, text(device.id))
    assert known is not None
    assert await still.site.db.write(_come_in, still.site, known, 1, "")
    with pytest.raises(BadInput):
        await still.site.db.write(_come_in, still.site, known, 1, "")


def test_what_a_device_was_asked_is_read_however_long_it_is() -> None:
    for length in range(40):
        said = json.dumps({"challenge": "x" * length}).encode()
        answer = _read(json.dumps({"id": "k", "response": {"clientDataJSON": text(said)}}))
        assert answer.challenge == "x" * length


@ON_ONE
async def test_who_asks_too_often_waits_and_a_name_is_needed(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    own = {"csrf": csrf_on(await web.get(PLACE))}
    for name in ("", "  ", "x" * 61):
        refused = await web.post(PLACE, data={"action": "ask", "name": name, **own})
        assert refused.status_code == 422
        assert 'id="name-error"' in refused.text
    assert (
        await web.post(PLACE, data={"action": "add", "name": "x", "answer": "x", **own})
    ).status_code == 422
    plain = await web.post("/admin/passkey", content=b"x", headers={"Content-Type": "text/plain"})
    assert plain.status_code == 415
    for _ in range(SIGN_INS):
        assert (await web.post("/admin/passkey")).status_code == 200
    assert (await web.post("/admin/passkey")).status_code == 429

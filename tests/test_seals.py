"""What is sealed is opened by its key and for its purpose alone."""

import hmac
from base64 import b64decode

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from newsletter.errors import SettingsError
from newsletter.seals import seal, unseal

NEW, OLD, OTHER = "n" * 40, "o" * 40, "x" * 40
TEXT = "smtp://olga:geheim@smtp.example.org"


def test_what_was_sealed_is_opened_after_a_new_key_came() -> None:
    sealed = seal([OLD], "relay", TEXT)
    assert unseal([NEW, OLD], "relay", sealed) == TEXT
    assert "geheim" not in sealed
    assert seal([OLD], "relay", TEXT) != sealed, "the same twice is not seen to be the same"


def test_nothing_else_opens_it() -> None:
    sealed = seal([NEW], "relay", TEXT)
    last = "A" if sealed[-6] != "A" else "B"
    for keys, purpose, text in (
        ([OLD, OTHER], "relay", sealed),
        ([NEW], "mailbox", sealed),
        ([NEW], "relay", f"{sealed[:-6]}{last}{sealed[-5:]}"),
        ([NEW], "relay", TEXT),
        ([NEW], "relay", "sealed:1:"),
        ([NEW], "relay", "sealed:1:ä"),
    ):
        with pytest.raises(SettingsError):
            unseal(keys, purpose, text)


def test_it_is_aes_256_in_gcm() -> None:
    """Opened with the cipher's own parts: the key that the docstring says, a nonce, and a tag that is looked at."""
    raw = b64decode(seal([NEW], "relay", TEXT).removeprefix("sealed:1:"))
    key = hmac.digest(NEW.encode(), b"newsletter.seal.relay.v1", "sha256")
    opened = Cipher(algorithms.AES256(key), modes.GCM(raw[:12], raw[-16:])).decryptor()
    assert opened.update(raw[12:-16]) + opened.finalize() == TEXT.encode()

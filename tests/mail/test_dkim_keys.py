"""A key that can't be used stops the start, in a sentence that names the setting and the file."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from newsletter.errors import BadInput, SettingsError
from newsletter.mail.dkim import signer_of
from newsletter.mail.dkim_keys import Kind, make
from newsletter.settings import Settings


def pem(path: Path, kind: str) -> None:
    key = (
        rsa.generate_private_key(public_exponent=65537, key_size=1024)
        if kind == "short"
        else ec.generate_private_key(ec.SECP256R1())
    )
    secrecy = BestAvailableEncryption(b"x") if kind == "locked" else NoEncryption()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secrecy))


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("missing", r"the key file \S+/k\.pem can't be read: No such file or directory\."),
        ("open", r"the key file \S+/k\.pem can be read or changed by others\. Say: chmod 600 \S+/k\.pem"),
        ("short", r"the key in \S+/k\.pem has 1024 bits, and 2048 are the least that is taken\."),
        ("curve", r"the key in \S+/k\.pem is neither RSA nor Ed25519\."),
        ("locked", r"the key file \S+/k\.pem holds no private key in PEM without a password\."),
        ("text", r"the key file \S+/k\.pem holds no private key in PEM without a password\."),
    ],
)
def test_a_key_that_cant_be_used_is_named(tmp_path: Path, kind: str, sentence: str) -> None:
    path = tmp_path / "k.pem"
    if kind in ("open", "text"):
        path.write_text("no key")
    elif kind != "missing":
        pem(path, kind)
    if kind != "missing":
        path.chmod(0o644 if kind == "open" else 0o640)
    with pytest.raises(SettingsError, match=f"^NEWSLETTER_DKIM_KEYS: {sentence}$"):
        signer_of(Settings(dkim_keys=(f"s1={path}",)))


@pytest.mark.parametrize(
    "given",
    [("/etc/k.pem",), ("s1=",), ("=k",), ("s_1=k",), ("s1=a", "s1=b"), ("a=a", "b=b", "c=c"), ("s.=k",)],
)
def test_a_setting_that_cant_be_used_is_named(given: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match=r"^NEWSLETTER_DKIM_KEYS (must be like s1=|takes 2 keys)"):
        signer_of(Settings(dkim_keys=given))


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_new_key_is_its_owner_s_alone_and_replaces_none(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "key.pem"
    make(path, kind)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        make(path, kind)
    assert path.read_bytes() == before
    with pytest.raises(BadInput, match=r"missing/key\.pem can't be made: No such file"):
        make(tmp_path / "missing" / "key.pem", kind)

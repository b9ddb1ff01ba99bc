"""The keys behind the signatures: made, kept in files, read from them, and what the DNS says of them."""

import hashlib
import os
import stat
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from newsletter.errors import BadInput
from newsletter.mail.dkim import Key

Kind = Literal["rsa", "ed25519"]
SHORTEST = 2048  # bits (RFC 8301 §3.2 wants 1024, and says to use this)
LONGEST_STRING = 255  # bytes, of a TXT record (RFC 1035 §3.3.14)

_PADDING, _SHA256 = PKCS1v15(), hashes.SHA256()
_Private = RSAPrivateKey | Ed25519PrivateKey


def load(selector: str, path: str) -> Key:
    """Raises BadInput, which names the file and says what is wrong with it."""
    key = _read(Path(path))
    if isinstance(key, RSAPrivateKey):
        return Key(selector, "rsa-sha256", _rsa(key))
    return Key(selector, "ed25519-sha256", _ed25519(key))


def make(path: Path, kind: Kind) -> None:
    """A new key in a new file that only its owner can read. Raises FileExistsError; else BadInput."""
    key: _Private = (
        Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else generate_private_key(public_exponent=65537, key_size=SHORTEST)
    )
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise
    except OSError as error:
        raise BadInput(f"The key file {path} can't be made: {error.strerror}.") from None


def record(path: Path) -> tuple[Kind, str]:
    """Of the key in this file: its kind, and what its TXT record says. Raises BadInput."""
    key = _read(path)
    if isinstance(key, RSAPrivateKey):
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return "rsa", f"v=DKIM1; k=rsa; p={b64encode(public).decode('ascii')}"
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return "ed25519", f"v=DKIM1; k=ed25519; p={b64encode(public).decode('ascii')}"


def _read(path: Path) -> _Private:
    try:
        content = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise BadInput(f"the key file {path} can't be read: {error.strerror}.") from None
    if os.name == "posix" and mode & 0o037:  # its group may read: that is how some give a service its secrets
        raise BadInput(f"the key file {path} can be read or changed by others. Say: chmod 600 {path}")
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it has a password
        raise BadInput(f"the key file {path} holds no private key in PEM without a password.") from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise BadInput(f"the key in {path} is neither RSA nor Ed25519.")
    if isinstance(key, RSAPrivateKey) and key.key_size < SHORTEST:
        raise BadInput(
            f"the key in {path} has {key.key_size} bits, and {SHORTEST} are the least that is taken."
        )
    return key


def _rsa(key: RSAPrivateKey) -> Callable[[bytes], bytes]:
    return lambda data: key.sign(data, _PADDING, _SHA256)


def _ed25519(key: Ed25519PrivateKey) -> Callable[[bytes], bytes]:
    """Of the digest, not of the text (RFC 8463 §3)."""
    return lambda data: key.sign(hashlib.sha256(data).digest())

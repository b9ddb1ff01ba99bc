"""Secrets that the database has to keep: sealed, so that a copy of the database alone opens none of them.

AES-256-GCM (NIST SP 800-38D) under a key that is made from the secret key and from what the secret is for: one can't
stand in another's place. The library behind it is loaded where there is something to seal or to open.
"""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from newsletter.errors import SettingsError

_MARK = "sealed:1:"
_NONCE = 12  # bytes


def seal(keys: Sequence[str], purpose: str, text: str) -> str:
    """With the newest of `keys`, which are the service's, newest first."""
    nonce = secrets.token_bytes(_NONCE)
    return _MARK + b64encode(nonce + _cipher(keys[0], purpose).encrypt(nonce, text.encode(), None)).decode()


def unseal(keys: Sequence[str], purpose: str, sealed: str) -> str:
    """With any of them. Raises SettingsError where none fits, or it was changed."""
    try:
        raw = b64decode(sealed.removeprefix(_MARK), validate=True)
    except ValueError:
        raw = b""
    for key in keys if sealed.startswith(_MARK) and len(raw) > _NONCE else ():
        try:
            return _cipher(key, purpose).decrypt(raw[:_NONCE], raw[_NONCE:], None).decode()
        except InvalidTag:
            continue
    raise SettingsError("It is sealed, and none of the secret keys opens it.")


def _cipher(key: str, purpose: str) -> AESGCM:
    return AESGCM(hmac.digest(key.encode(), f"newsletter.seal.{purpose}.v1".encode(), "sha256"))

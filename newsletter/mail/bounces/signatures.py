"""Whether a provider signed what comes in its name: SNS by certificate (RSA), SendGrid by ECDSA, Mailgun by HMAC."""

import hmac
from base64 import b64decode
from binascii import Error
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_pem_x509_certificate

from newsletter.clock import moment
from newsletter.errors import BadInput

NO_CERTIFICATE = "The certificate of this message can’t be used."


def by_certificate(pem: bytes, signature: str, said: bytes, version: str, now: int) -> bool:
    """As SNS signs: PKCS #1 with SHA-1 (version 1) or SHA-256 (2). `now` in ms. Raises BadInput."""
    try:
        certificate = load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise BadInput(NO_CERTIFICATE) from None
    valid = certificate.not_valid_before_utc <= _moment(now) <= certificate.not_valid_after_utc
    if not isinstance(key, RSAPublicKey) or key.key_size < 2048 or not valid:
        raise BadInput(NO_CERTIFICATE)
    # SHA-1 is what a topic signs with until its owner chooses otherwise. To forge it, one message has to be made that
    # Amazon signs, and another of the same hash: what Amazon signs is not ours to choose.
    algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303  as above
    try:
        key.verify(_decoded(signature), said, PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return version in ("1", "2")


def _moment(now: int) -> datetime:
    return moment(now).astimezone(UTC)


def by_curve(public_key: str, signature: str, said: bytes) -> bool:
    """As SendGrid signs: ECDSA with SHA-256; the key as it is shown there. Raises BadInput."""
    try:
        key = load_der_public_key(_decoded(public_key))
    except (ValueError, UnsupportedAlgorithm):
        raise BadInput("The verification key of SendGrid in NEWSLETTER_BOUNCE_HOOKS can’t be read.") from None
    if not isinstance(key, EllipticCurvePublicKey):
        return False
    try:
        key.verify(_decoded(signature), said, ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def by_secret(secret: str, signature: str, said: bytes) -> bool:
    """As Mailgun signs: HMAC with SHA-256, in hex."""
    return same(hmac.new(secret.encode(), said, "sha256").hexdigest(), signature)


def same(own: str, given: str) -> bool:
    """In a time that says nothing."""
    return hmac.compare_digest(own.encode(), given.encode("utf-8", "surrogateescape"))


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError):
        return b""

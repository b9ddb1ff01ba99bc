"""Whose key can't be used is believed nothing, and what isn't signed by it isn't either."""

import hmac
from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.clock import SECOND, moment
from newsletter.errors import BadInput
from newsletter.mail.bounces.signatures import by_certificate, by_curve, by_secret, same
from tests.conftest import NOON

SAID = b"A bounce of Ada's."
LATER = NOON + 60 * SECOND
CURVE = ec.generate_private_key(ec.SECP256R1())
Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@pytest.fixture(scope="module")
def own() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate(key: Private) -> bytes:
    """It counts from NOON to LATER, both with."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.example.org")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(moment(NOON)).not_valid_after(moment(LATER))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def signed(key: rsa.RSAPrivateKey, said: bytes = SAID, *, version: str = "2") -> str:
    algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
    return b64encode(key.sign(said, PKCS1v15(), algorithm)).decode()


def shown(key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> str:
    return b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.mark.parametrize("at", [NOON, LATER])
def test_a_certificate_counts_from_its_first_second_to_its_last(own: rsa.RSAPrivateKey, at: int) -> None:
    assert by_certificate(certificate(own), signed(own), SAID, "2", at)


@pytest.mark.parametrize("at", [NOON - 1, LATER + 1])
def test_before_and_after_it_does_not(own: rsa.RSAPrivateKey, at: int) -> None:
    with pytest.raises(BadInput, match="certificate"):
        by_certificate(certificate(own), signed(own), SAID, "2", at)


def test_one_that_is_weak_or_of_another_kind_or_none_at_all_is_refused(own: rsa.RSAPrivateKey) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    for pem, signature in (
        (certificate(weak), signed(weak)),
        (certificate(CURVE), signed(own)),
        (b"-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n", signed(own)),
        (b"", signed(own)),
    ):
        with pytest.raises(BadInput, match="certificate"):
            by_certificate(pem, signature, SAID, "2", NOON)


def test_each_version_has_its_hash_and_there_are_two(own: rsa.RSAPrivateKey) -> None:
    pem = certificate(own)
    assert by_certificate(pem, signed(own, version="1"), SAID, "1", NOON)
    assert not by_certificate(pem, signed(own, version="1"), SAID, "2", NOON)
    assert not by_certificate(pem, signed(own, version="1"), SAID, "3", NOON)


@pytest.mark.parametrize("signature", ["", "bm9uZQ==", "none!", "é"])
def test_what_is_no_signature_signs_nothing(own: rsa.RSAPrivateKey, signature: str) -> None:
    assert not by_certificate(certificate(own), signature, SAID, "2", NOON)
    assert not by_certificate(certificate(own), signed(own, b"A lie."), SAID, "2", NOON)
    assert not by_curve(shown(CURVE.public_key()), signature, SAID)


def test_a_key_of_sendgrid_s_is_one_on_a_curve() -> None:
    right = b64encode(CURVE.sign(SAID, ec.ECDSA(hashes.SHA256()))).decode()
    assert by_curve(shown(CURVE.public_key()), right, SAID)
    assert not by_curve(shown(CURVE.public_key()), right, b"A lie.")
    assert not by_curve(shown(ed25519.Ed25519PrivateKey.generate().public_key()), right, SAID)
    for key in ("none!", b64encode(b"none").decode()):
        with pytest.raises(BadInput, match="verification key of SendGrid"):
            by_curve(key, right, SAID)


def test_mailgun_signs_with_a_secret() -> None:
    right = hmac.new(b"secret", SAID, "sha256").hexdigest()
    assert by_secret("secret", right, SAID)
    assert not by_secret("secret", right, b"A lie.")
    assert not by_secret("another", right, SAID)
    assert not by_secret("secret", right.upper(), SAID)
    assert same("grüße", "grüße")
    assert not same("grüße", "grüß\udcc3")

"""Providers as tests need them: with keys of their own, and a server that is SNS's for whoever asks it."""

import asyncio
import hmac
import json
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from newsletter.clock import SECOND, moment
from newsletter.web.hooks.fetching import Fetch
from tests.conftest import NOON

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
HOST = "sns.eu-west-1.amazonaws.com"
PEM = f"https://{HOST}/SimpleNotificationService-0123456789abcdef.pem"
SECRET = "a-secret-of-sixteen-letters-or-more"
CURVE = ec.generate_private_key(ec.SECP256R1())
CURVE_KEY = b64encode(
    CURVE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()


class Sns:
    """Its certificate is both what its server shows and what its messages are signed with."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
        today: datetime = moment(NOON)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - timedelta(days=3650))
            .not_valid_after(today + timedelta(days=36500))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
            .sign(self._key, hashes.SHA256())
            .public_bytes(Encoding.PEM)
        )
        self.asked: list[str] = []
        self.answer = b""  # else than the certificate

    def message(self, said: Any, id: str = "m-1", at: int = NOON, **changes: str) -> bytes:
        text = said if isinstance(said, str) else json.dumps(said)
        message = {
            "Type": "Notification", "MessageId": id, "TopicArn": TOPIC, "Message": text,
            "Timestamp": moment(at).strftime("%Y-%m-%dT%H:%M:%S.000Z"), "SignatureVersion": "2",
            "SigningCertURL": PEM, **changes,
        }  # fmt: skip
        names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        signed = "".join(f"{name}\n{message[name]}\n" for name in names if name in message).encode()
        algorithm = hashes.SHA256() if message["SignatureVersion"] == "2" else hashes.SHA1()
        signature = self._key.sign(signed, PKCS1v15(), algorithm)
        message.setdefault("Signature", b64encode(signature).decode())
        return json.dumps(message).encode()

    @asynccontextmanager
    async def served(self, folder: Path) -> AsyncIterator[Fetch]:
        """What reaches its server, and no other."""
        chain = folder / "sns.pem"
        chain.write_bytes(
            self.certificate + self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        trusts = ssl.create_default_context(cadata=self.certificate.decode())
        try:
            yield Fetch(trusts, here, bool, port, 30.0)
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head.split(" ")[1])
        body = self.certificate
        writer.write(self.answer or b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()


async def here(_host: str) -> list[str]:
    return ["127.0.0.1"]


def by_mailgun(event: Any, token: str = "t-1", at: int = NOON, key: str = SECRET) -> bytes:
    time = str(at // SECOND)
    signature = hmac.new(key.encode(), f"{time}{token}".encode(), "sha256").hexdigest()
    return json.dumps(
        {
            "signature": {"timestamp": time, "token": token, "signature": signature},
            "event-data": event,
        }
    ).encode()


def by_sendgrid(events: Any, at: int = NOON) -> tuple[bytes, dict[str, str]]:
    body, time = msgspec.json.encode(events), str(at // SECOND)
    signature = CURVE.sign(time.encode() + body, ec.ECDSA(hashes.SHA256()))
    return body, {
        "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": time,
    }


def by_password(secret: str = SECRET) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"newsletter:{secret}".encode()).decode()}

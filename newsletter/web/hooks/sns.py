"""Messages of Amazon SNS, through which SES tells: whose topic, whether SNS signed it, and what is in it.

Nothing is fetched that a message names: the certificate's address has to be SNS's own in the region of a topic that the
owner has set, and a subscription is confirmed at an address that we make ourselves.
Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import logging
import re
from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec

from newsletter.clock import DAY, now
from newsletter.errors import BadInput, Refused, Unavailable
from newsletter.mail.bounces import events
from newsletter.mail.bounces.model import Event
from newsletter.mail.bounces.signatures import by_certificate
from newsletter.web.hooks.fetching import FAILED, Fetch
from newsletter.web.kit.limits import Budget

WINDOW = 2 * DAY
"""SNS tries for some hours; what is older was kept by somebody else."""

FOREIGN = "This topic is none that NEWSLETTER_BOUNCE_HOOKS names."
FORGED = "This message is not signed by who it says."
LATE = "This message is too old."
UNREADABLE = "This is no message of SNS."

_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
    "UnsubscribeConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
}  # fmt: skip
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-f]{8,64}\.pem")
_TOKEN = re.compile(r"[0-9A-Za-z]{1,1000}")
_CERTIFICATES = 8

FETCHES, FETCHES_IN_ALL = 6, 60
"""Certificates that are asked for in an hour, for who writes from one network, and for all: anybody can name new ones,
where SNS has a handful in a year."""

_log = logging.getLogger(__name__)


class Sns:
    def __init__(self, topics: Collection[str], fetch: Fetch) -> None:
        self._topics = topics
        self._fetch = fetch
        self._certificates: OrderedDict[tuple[str, str], tuple[int, bytes]] = OrderedDict()
        self._fetches, self._fetches_in_all = Budget(FETCHES, 3600.0), Budget(FETCHES_IN_ALL, 3600.0)

    async def read(self, raw: bytes, network: str) -> list[Event]:
        """What came from `network`. A new subscription of the owner's topic is confirmed on the way.

        Raises Refused, BadInput, Unavailable.
        """
        message = await self._signed(raw, network)
        if message["Type"] == "SubscriptionConfirmation":
            await self._confirm(message)
            return []
        if message["Type"] != "Notification":
            return []
        return events.ses(decoded(message["Message"].encode(), UNREADABLE), message["MessageId"])

    async def _signed(self, raw: bytes, network: str) -> dict[str, str]:
        try:
            message = msgspec.json.decode(raw, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BadInput(UNREADABLE) from None
        message = {name: value for name, value in message.items() if isinstance(value, str)}
        names = _SIGNED.get(message.get("Type", ""))
        if names is None or not {*names} - {"Subject"} <= message.keys():
            raise BadInput(UNREADABLE)
        if message["TopicArn"] not in self._topics:
            raise Refused(FOREIGN)
        said = "".join(f"{name}\n{message[name]}\n" for name in names if name in message).encode()
        certificate = await self._certificate(message, network)
        if not by_certificate(
            certificate, message.get("Signature", ""), said, message.get("SignatureVersion", ""), now()
        ):
            raise Refused(FORGED)
        if abs(now() - _moment(message["Timestamp"])) > WINDOW:
            raise Refused(LATE)
        return message

    async def _certificate(self, message: dict[str, str], network: str) -> bytes:
        host = _host(message["TopicArn"])
        start, _, path = message.get("SigningCertURL", "").partition(host)
        if start != "https://" or not _CERTIFICATE.fullmatch(path):
            raise Refused(FORGED)
        fetched, certificate = self._certificates.get((host, path), (0, b""))
        if now() - fetched > DAY:
            try:
                certificate = await self._fetched(host, path, network)
            except Unavailable:
                if not certificate:
                    raise  # else it says itself how long it is good
        return certificate

    async def _fetched(self, host: str, path: str, network: str) -> bytes:
        if self._fetches.take(network) or self._fetches_in_all.take():
            raise Unavailable(FAILED)
        certificate = await self._fetch.get(host, path)
        self._certificates[host, path] = now(), certificate
        while len(self._certificates) > _CERTIFICATES:
            self._certificates.popitem(last=False)
        return certificate

    async def _confirm(self, message: dict[str, str]) -> None:
        if not _TOKEN.fullmatch(message["Token"]):
            raise BadInput(UNREADABLE)
        asked = {
            "Action": "ConfirmSubscription",
            "TopicArn": message["TopicArn"],
            "Token": message["Token"],
        }
        await self._fetch.get(_host(message["TopicArn"]), f"/?{urlencode(asked)}")
        _log.info("The subscription of a topic of SNS is confirmed.")


def _host(topic: str) -> str:
    """Of SNS in the region of a topic that was looked at."""
    _, partition, _, region, *_ = topic.split(":")
    return f"sns.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}"


def _moment(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise BadInput(UNREADABLE) from None


def decoded(raw: bytes, why: str) -> Any:
    """JSON. Raises BadInput."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadInput(why) from None

"""How a delivery is signed: Standard Webhooks (standardwebhooks.com), HMAC-SHA256 over id, time and body.

A secret is made of the service's own key, the webhook and a number, and kept nowhere: whoever gets hold of the
database, or of a backup without its key, can sign nothing.
"""

import base64
import hmac

from newsletter.clock import SECOND
from newsletter.tokens import Tokens
from newsletter.webhooks.model import Webhook

PREFIX = "whsec_"


def secret_of(tokens: Tokens, webhook_id: int, number: int) -> str:
    """As its receiver keeps it: 32 bytes in base64."""
    return PREFIX + base64.b64encode(_key(tokens, webhook_id, number)).decode()


def _key(tokens: Tokens, webhook_id: int, number: int) -> bytes:
    return bytes.fromhex(tokens.fingerprint("webhook", f"{webhook_id}.{number}"))


def headers(tokens: Tokens, hook: Webhook, delivery_id: int, body: bytes, now: int) -> dict[str, str]:
    """While a secret is being changed there are two signatures, and one of them is enough. `now` in ms."""
    id, at = f"msg_{delivery_id}", str(now // SECOND)
    numbers = [hook.secret]
    if now < hook.overlap_until:
        numbers.append(hook.secret - 1)
    signed = b"%b.%b.%b" % (id.encode(), at.encode(), body)
    signatures = [
        base64.b64encode(hmac.digest(_key(tokens, hook.id, number), signed, "sha256")).decode()
        for number in numbers
    ]
    return {
        "webhook-id": id,
        "webhook-timestamp": at,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }

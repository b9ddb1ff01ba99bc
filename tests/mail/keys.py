"""Keys to sign with, and a verifier that is not ours."""

import re
from pathlib import Path

import dkim

from newsletter.mail import dkim_keys
from newsletter.mail.dkim_keys import Kind


class Keys:
    """A key of each kind in a folder, and the DNS that knows them."""

    def __init__(self, folder: Path) -> None:
        self.paths: dict[str, Path] = {}
        self.dns: dict[bytes, bytes] = {}
        kinds: tuple[Kind, ...] = ("rsa", "ed25519")
        for kind in kinds:
            self.paths[kind] = folder / f"{kind}.pem"
            dkim_keys.make(self.paths[kind], kind)
            _, record = dkim_keys.record(self.paths[kind])
            self.dns[f"{kind}._domainkey.example.com.".encode()] = record.encode()

    def setting(self, *kinds: str) -> tuple[str, ...]:
        """Each with its kind as its selector."""
        return tuple(f"{kind}={self.paths[kind]}" for kind in kinds)

    def hold(self, message: bytes) -> list[bool]:
        """Whether each of its signatures does."""
        count = len(re.findall(rb"(?m)^DKIM-Signature:", message.partition(b"\r\n\r\n")[0]))
        return [self._holds(message, number) for number in range(count)]

    def _holds(self, message: bytes, number: int) -> bool:
        try:
            return bool(dkim.DKIM(message).verify(idx=number, dnsfunc=self._ask))
        except dkim.DKIMException:
            return False

    def _ask(self, name: bytes, timeout: int = 5) -> bytes | None:
        return self.dns.get(name)

"""Questions to the DNS, with the few kinds of answer that matter: what is there, that there is nothing, no answer."""

import ipaddress
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.resolver
import dns.reversename

from newsletter.words import gettext as _

_SECONDS = 5.0


class Unanswered(Exception):
    """Nobody answered, or not in a way that says anything."""


class Names:
    """Asks the machine's own resolver, or the one at `server` (``address`` or ``address:port``)."""

    def __init__(self, server: str = "") -> None:
        host, _, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "53")
        self._resolver = dns.asyncresolver.Resolver(configure=not server)
        if server:
            self._resolver.nameservers = [host]
            self._resolver.port = int(port)
        self._resolver.lifetime = _SECONDS
        self._silent = False

    async def texts(self, name: str) -> list[str]:
        """The TXT records, each put together. Raises Unanswered."""
        found = await self._ask(name, "TXT")
        return [b"".join(record.strings).decode("utf-8", "replace") for record in found]

    async def exchanges(self, name: str) -> list[str]:
        """The names of the MX records, the preferred first; '' is a null MX (RFC 7505). Raises Unanswered."""
        found = await self._ask(name, "MX")
        ordered = sorted(found, key=lambda record: int(record.preference))
        return [str(record.exchange).rstrip(".") for record in ordered]

    async def addresses(self, name: str) -> list[str]:
        """A and AAAA. Raises Unanswered."""
        return [str(one.address) for kind in ("A", "AAAA") for one in await self._ask(name, kind)]

    async def pointer(self, address: str) -> list[str]:
        """The names that an address says it has. Raises Unanswered."""
        name = dns.reversename.from_address(str(ipaddress.ip_address(address)))
        return [str(record.target).rstrip(".") for record in await self._ask(str(name), "PTR")]

    async def _ask(self, name: str, kind: str) -> list[Any]:
        if self._silent:  # a dozen questions need not wait for it each
            raise Unanswered(
                _("No name server answers, so nobody knows what stands at %(name)s.") % {"name": name}
            )
        try:
            return list(await self._resolver.resolve(name, kind, raise_on_no_answer=False))
        except dns.resolver.NXDOMAIN:
            return []
        except dns.exception.Timeout:
            self._silent = True
            raise Unanswered(_("No name server has said anything about %(name)s.") % {"name": name}) from None
        except (dns.exception.DNSException, OSError, UnicodeError, ValueError) as error:
            raise Unanswered(
                _("The DNS did not say anything about %(name)s (%(error)s).")
                % {"name": name, "error": type(error).__name__}
            ) from None

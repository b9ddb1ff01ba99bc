"""A DNS server of the test's own, that says what the test has written down."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest

from newsletter.doctor import Names


class Zone(asyncio.DatagramProtocol):
    """`records`: by name and type, the texts of a zone file."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.dead = False
        self.port = 0
        self._transport: asyncio.DatagramTransport | None = None

    def says(self, name: str, kind: str, *texts: str) -> None:
        self.records[(f"{name.lower()}.", kind)] = [f'"{text}"' if kind == "TXT" else text for text in texts]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        asked = query.question[0]
        name, kind = str(asked.name).lower(), dns.rdatatype.to_text(asked.rdtype)
        if self.dead:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif (name, kind) in self.records:
            answer.answer.append(
                dns.rrset.from_text_list(
                    asked.name, 60, dns.rdataclass.IN, asked.rdtype, self.records[name, kind]
                )
            )
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        assert self._transport
        self._transport.sendto(answer.to_wire(), addr)


@pytest.fixture
async def zone() -> AsyncIterator[Zone]:
    transport, zone = await asyncio.get_running_loop().create_datagram_endpoint(
        Zone, local_addr=("127.0.0.1", 0)
    )
    yield zone
    transport.close()


@pytest.fixture
def names(zone: Zone) -> Names:
    return Names(f"127.0.0.1:{zone.port}")


def names_at(zone: Zone) -> Callable[[Any, str], None]:
    """What stands for the machine's own resolver's file: `zone` is asked, and nobody else."""

    def read(resolver: Any, _path: str) -> None:
        resolver.nameservers, resolver.port = ["127.0.0.1"], zone.port

    return read

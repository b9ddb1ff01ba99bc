"""Whether mailbox providers will believe that the mail is from whom it says: SPF, DKIM, DMARC, MX of From's domain."""

import re
from collections.abc import Iterator

from newsletter.doctor.model import Finding, note, well, wrong
from newsletter.doctor.names import Names, Unanswered

MOST_LOOKUPS = 10
"""RFC 7208 §4.6.4: whoever asks for more is answered as if there were no SPF."""

OBSOLETE = ("pct", "rf", "ri")
"""Tags that RFC 9989 has taken out of DMARC."""

_ASKS = re.compile(r"[+?~-]?(include|a|mx|ptr|exists)(?=[:/]|$)", re.IGNORECASE)
_INCLUDE = re.compile(r"[+?~-]?(?:include:|redirect=)([A-Za-z0-9._-]+)", re.IGNORECASE)


async def spf(names: Names, domain: str) -> Finding:
    """RFC 7208."""
    records = [text for text in await names.texts(domain) if _is(text, "v=spf1")]
    if not records:
        return wrong(
            "SPF",
            f"{domain} has no SPF record: nobody knows which servers may send for it.",
            f'Publish a TXT record at {domain} such as "v=spf1 include:spf.your-relay.example ~all"; your relay says '
            "which include it needs.",
        )
    if len(records) > 1:
        return wrong(
            "SPF", f"{domain} has {len(records)} SPF records, which counts as none.", "Join them into one."
        )
    lookups = await _lookups(names, records[0], MOST_LOOKUPS + 1)
    if lookups > MOST_LOOKUPS:
        return wrong(
            "SPF",
            f"The SPF record of {domain} asks for more than {MOST_LOOKUPS} others, so receivers give up on it.",
            "Take out includes of services that no longer send for you.",
        )
    end = records[0].lower().split()[-1]
    if end in ("+all", "all", "?all"):
        return wrong(
            "SPF",
            f"The SPF record of {domain} ends in {end}: it allows everybody.",
            "End it in ~all or -all.",
        )
    return well("SPF", f"{domain} says who may send for it: {records[0]}")


async def _lookups(names: Names, record: str, most: int) -> int:
    """How many questions a receiver has to ask, counted to `most`."""
    count = len([word for word in record.split()[1:] if _ASKS.match(word)])
    count += len([word for word in record.split()[1:] if word.lower().startswith("redirect=")])
    for word in record.split()[1:]:
        found = _INCLUDE.match(word)
        if not found or count >= most:
            continue
        inner = [text for text in await names.texts(found[1]) if _is(text, "v=spf1")]
        if inner:
            count += await _lookups(names, inner[0], most - count)
    return min(count, most)


async def dkim(names: Names, domain: str, keys: dict[str, str]) -> list[Finding]:
    """Whether the DNS has, for each selector, what our own key's record says (RFC 6376)."""
    if not keys:
        return [
            note(
                "DKIM",
                "This service signs nothing itself; if your relay doesn't sign for your domain, nobody does.",
                "Ask your relay, or make a key: newsletter doctor dkim",
            )
        ]
    return [
        await _published(names, f"{selector}._domainkey.{domain}", ours) for selector, ours in keys.items()
    ]


async def _published(names: Names, name: str, ours: str) -> Finding:
    published = {_tags(text).get("p", "") for text in await names.texts(name)}
    if not published:
        return wrong("DKIM", f"There is no key at {name}.", f"Publish a TXT record there: {ours}")
    if published != {_tags(ours)["p"]}:
        return wrong(
            "DKIM",
            f"What {name} says is not the key that this service signs with: every signature fails.",
            f"Publish this there, and nothing else: {ours}",
        )
    return well("DKIM", f"The key at {name} is ours.")


async def dmarc(names: Names, domain: str) -> list[Finding]:
    """RFC 9989: of the domain itself, or of the nearest above it that says something."""
    where, record = await _policy(names, domain)
    if not record:
        return [
            wrong(
                "DMARC",
                f"{domain} has no DMARC record; Gmail, Yahoo and Microsoft ask for one of who sends much.",
                f'Publish a TXT record at _dmarc.{domain}, to begin with: "v=DMARC1; p=none; rua=mailto:you@{domain}"',
            )
        ]
    tags = _tags(record)
    if tags.get("p", "").lower() not in ("none", "quarantine", "reject"):
        return [
            wrong(
                "DMARC",
                f"The DMARC record at {where} has no policy.",
                "It needs p=none, quarantine or reject.",
            )
        ]
    found = [well("DMARC", f"{where} says p={tags['p']}.")]
    if old := [tag for tag in OBSOLETE if tag in tags]:
        found.append(
            note("DMARC", f"{', '.join(old)} at {where} mean nothing any more (RFC 9989).", "Take them out.")
        )
    if "rua" not in tags:
        found.append(
            note(
                "DMARC",
                f"{where} names nobody who is told of failures.",
                "Add rua=mailto:an address that you read.",
            )
        )
    return found


async def _policy(names: Names, domain: str) -> tuple[str, str]:
    """From the domain upwards, as RFC 9989 walks; the top level itself has none of ours."""
    labels = domain.split(".")
    for above in range(min(len(labels) - 1, 8)):
        where = "_dmarc." + ".".join(labels[above:])
        records = [text for text in await names.texts(where) if _is(text, "v=DMARC1")]
        if len(records) == 1:
            return where, records[0]
    return "", ""


async def mail_comes_in(names: Names, domain: str) -> Finding:
    exchanges = await names.exchanges(domain)
    if exchanges == [""]:
        return wrong(
            "MX", f"{domain} says that it takes no mail.", "Readers answer, and bounces come back: let it."
        )
    if not exchanges:
        return wrong(
            "MX",
            f"{domain} has no MX record: answers and bounces go nowhere.",
            "Publish one, or send from another domain.",
        )
    return well("MX", f"Mail to {domain} goes to {exchanges[0]}.")


async def safely(area: str, *looks: object) -> list[Finding]:
    """What the looks found; where the DNS did not answer, that."""
    found: list[Finding] = []
    for look in looks:
        try:
            seen = await look  # type: ignore[misc]  # each is a coroutine of one of the above
        except Unanswered as error:
            seen = note(area, str(error), "Look again later, or name another resolver: --resolver")
        found += seen if isinstance(seen, list) else [seen]
    return found


def _is(text: str, version: str) -> bool:
    return re.split(r"[\s;]", text.strip(), maxsplit=1)[0].lower() == version.lower()


def _tags(record: str) -> dict[str, str]:
    return dict(_pairs(record))


def _pairs(record: str) -> Iterator[tuple[str, str]]:
    for part in record.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            yield name.strip().lower(), "".join(value.split())

"""Whether mailbox providers will believe that the mail is from whom it says: SPF, DKIM, DMARC, MX of From's domain."""

import re
from collections.abc import Iterator

from newsletter.doctor.model import Finding, note, well, wrong
from newsletter.doctor.names import Names, Unanswered
from newsletter.words import gettext as _

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
            _("%(domain)s has no SPF record: nobody knows which servers may send for it.")
            % {"domain": domain},
            _(
                'Publish a TXT record at %(domain)s such as "v=spf1 include:spf.your-relay.example ~all"; your '
                "relay says which include it needs."
            )
            % {"domain": domain},
        )
    if len(records) > 1:
        return wrong(
            "SPF",
            _("%(domain)s has %(count)s SPF records, which counts as none.")
            % {"domain": domain, "count": len(records)},
            "Join them into one.",
        )
    lookups = await _lookups(names, records[0], MOST_LOOKUPS + 1)
    if lookups > MOST_LOOKUPS:
        return wrong(
            "SPF",
            _("The SPF record of %(domain)s asks for more than %(most)s others, so receivers give up on it.")
            % {"domain": domain, "most": MOST_LOOKUPS},
            "Take out includes of services that no longer send for you.",
        )
    end = records[0].lower().split()[-1]
    if end in ("+all", "all", "?all"):
        return wrong(
            "SPF",
            _("The SPF record of %(domain)s ends in %(end)s: it allows everybody.")
            % {"domain": domain, "end": end},
            "End it in ~all or -all.",
        )
    return well(
        "SPF", _("%(domain)s says who may send for it: %(record)s") % {"domain": domain, "record": records[0]}
    )


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
        return wrong(
            "DKIM",
            _("There is no key at %(name)s.") % {"name": name},
            _("Publish a TXT record there: %(ours)s") % {"ours": ours},
        )
    if published != {_tags(ours)["p"]}:
        return wrong(
            "DKIM",
            _("What %(name)s says is not the key that this service signs with: every signature fails.")
            % {"name": name},
            _("Publish this there, and nothing else: %(ours)s") % {"ours": ours},
        )
    return well("DKIM", _("The key at %(name)s is ours.") % {"name": name})


async def dmarc(names: Names, domain: str) -> list[Finding]:
    """RFC 9989: of the domain itself, or of the nearest above it that says something."""
    where, record = await _policy(names, domain)
    if not record:
        return [
            wrong(
                "DMARC",
                _("%(domain)s has no DMARC record; Gmail, Yahoo and Microsoft ask for one of who sends much.")
                % {"domain": domain},
                _(
                    'Publish a TXT record at _dmarc.%(domain)s, to begin with: "v=DMARC1; p=none; '
                    'rua=mailto:you@%(domain)s"'
                )
                % {"domain": domain},
            )
        ]
    tags = _tags(record)
    if tags.get("p", "").lower() not in ("none", "quarantine", "reject"):
        return [
            wrong(
                "DMARC",
                _("The DMARC record at %(where)s has no policy.") % {"where": where},
                "It needs p=none, quarantine or reject.",
            )
        ]
    found = [well("DMARC", _("%(where)s says p=%(p)s.") % {"where": where, "p": tags["p"]})]
    if old := [tag for tag in OBSOLETE if tag in tags]:
        found.append(
            note(
                "DMARC",
                _("%(tags)s at %(where)s mean nothing any more (RFC 9989).")
                % {"tags": ", ".join(old), "where": where},
                "Take them out.",
            )
        )
    if "rua" not in tags:
        found.append(
            note(
                "DMARC",
                _("%(where)s names nobody who is told of failures.") % {"where": where},
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


async def alignment(names: Names, domain: str, envelope: str) -> list[Finding]:
    """Whether SPF, which is asked of the envelope's domain, counts for the one in the From (RFC 9989 §4.4). What lies
    under one record of DMARC is one organisation's."""
    if envelope == domain:
        return []
    where, record = await _policy(names, domain)
    strict = _tags(record).get("aspf") == "s"
    related = f".{domain}".endswith(f".{envelope}") or f".{envelope}".endswith(f".{domain}")
    if not strict and (related or (await _policy(names, envelope))[0] == where != ""):
        return []
    return [
        note(
            "Alignment",
            _("Mail comes back to %(envelope)s, so SPF counts for that name, and not for %(domain)s.")
            % {"envelope": envelope, "domain": domain},
            "Sign with DKIM, which is enough by itself, or let it come back to a name below your own.",
        )
    ]


async def mail_comes_in(names: Names, domain: str) -> Finding:
    exchanges = await names.exchanges(domain)
    if exchanges == [""]:
        return wrong(
            "MX",
            _("%(domain)s says that it takes no mail.") % {"domain": domain},
            "Readers answer, and bounces come back: let it.",
        )
    if not exchanges:
        return wrong(
            "MX",
            _("%(domain)s has no MX record: answers and bounces go nowhere.") % {"domain": domain},
            "Publish one, or send from another domain.",
        )
    return well(
        "MX", _("Mail to %(domain)s goes to %(server)s.") % {"domain": domain, "server": exchanges[0]}
    )


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

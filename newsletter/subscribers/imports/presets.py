"""What the exports of other services call their columns, and how they say where somebody stands.

A preset is found by columns that only that service's export has. Columns that speak of the service alone are left out.
"""

import msgspec

from newsletter.subscribers.model import Status

Word = Status | None
"""What a service's word for a status means here. None: nobody confirmed anything yet, so they aren't taken in."""


class Preset(msgspec.Struct, frozen=True):
    name: str
    title: str
    signs: tuple[frozenset[str], ...]  # columns, folded; one of these sets has to be there
    columns: dict[str, str]  # what each is for, by its folded name
    words: dict[str, Word] = {}  # beside those that everybody uses
    marks: dict[str, Status] = {}  # a column that only those of this status have


_OUR = {
    "email": "email",
    "name": "name",
    "status": "status",
    "tags": "tags",
    "form": "ignore",
    "signed_up": "joined",
    "confirmed": "confirmed",
    "unsubscribed": "unsubscribed",
    "fields": "fields",
} | dict.fromkeys(
    (
        "consent_at",
        "consent_requested",
        "consent_wording",
        "consent_wording_version",
        "consent_message_id",
        "consent_origin",
    ),
    "ignore",
)


def _ignored(columns: str) -> dict[str, str]:
    return dict.fromkeys(columns.split(), "ignore")


def _signs(*columns: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(some.split()) for some in columns)


PRESETS = (
    Preset("ours", "this service", _signs("email signed_up consent_at consent_wording"), _OUR),
    Preset(
        "mailchimp",
        "Mailchimp",
        _signs("email_address member_rating", "email_address leid euid"),
        {
            "email_address": "email",
            "first_name": "first_name",
            "last_name": "last_name",
            "tags": "tags",
            "optin_time": "joined",
            "confirm_time": "confirmed",
            "unsub_time": "unsubscribed",
            "clean_time": "unsubscribed",
        }
        | _ignored(
            """member_rating optin_ip confirm_ip latitude longitude gmtoff dstoff timezone cc region last_changed
            leid euid unsub_campaign_title unsub_campaign_id unsub_reason unsub_reason_other clean_campaign_title
            clean_campaign_id"""
        ),
        marks={"unsub_time": "unsubscribed", "clean_time": "bounced"},
    ),
    Preset(
        "kit",
        "Kit",
        _signs("email_address state created_at first_name", "email state created_at first_name"),
        {
            "email_address": "email",
            "email": "email",
            "first_name": "first_name",
            "last_name": "last_name",
            "state": "status",
            "created_at": "joined",
            "tags": "tags",
        }
        | _ignored("id referrer utm_source utm_medium utm_campaign utm_term utm_content"),
        words={"inactive": None, "cold": "active"},
    ),
    Preset(
        "substack",
        "Substack",
        _signs("email active_subscription", "email email_disabled created_at", "email type stripe_plan"),
        {
            "email": "email",
            "name": "name",
            "email_disabled": "disabled",
            "created_at": "joined",
            "start_date": "joined",
        }
        | _ignored("active_subscription expiry plan first_payment_at stripe_plan stripe_customer_id"),
    ),
    Preset(
        "buttondown",
        "Buttondown",
        _signs(
            "email metadata referrer_url",
            "email_address metadata referrer_url",
            "email subscriber_type creation_date",
            "email_address type creation_date",
        ),
        {
            "email": "email",
            "email_address": "email",
            "type": "status",
            "subscriber_type": "status",
            "creation_date": "joined",
            "tags": "tags",
            "metadata": "fields",
            "unsubscription_date": "unsubscribed",
        }
        | _ignored(
            """id secondary_id referrer_url referral_code source ip_address avatar_url stripe_customer_id
            last_open_date last_click_date utm_source utm_medium utm_campaign risk_score churn_date
            unsubscription_reason undeliverability_date undeliverability_reason"""
        ),
        words={
            "regular": "active",
            "premium": "active",
            "gifted": "active",
            "gift": "active",
            "trialed": "active",
            "churned": "active",
            "churning": "active",
            "past_due": "active",
            "paused": "unsubscribed",
            "unactivated": None,
            "upcoming": None,
            "spammy": "blocked",
            "malicious": "blocked",
            "undeliverable": "bounced",
        },
    ),
    Preset(
        "beehiiv",
        "beehiiv",
        _signs("email status created_at subscription_tier", "email status acquisition_source"),
        {
            "email": "email",
            "name": "name",
            "first_name": "first_name",
            "last_name": "last_name",
            "status": "status",
            "created_at": "joined",
            "tags": "tags",
        }
        | _ignored(
            """id subscriber_id subscription_tier subscription_premium_tier_names acquisition_source referral_code
            referring_site utm_source utm_medium utm_campaign utm_channel utm_term utm_content open_rate
            click_through_rate click_rate last_opened_at last_clicked_at total_clicked total_unique_clicked total_sent
            total_received total_unique_opened unique_click_rate stripe_customer_id"""
        ),
        words={"inactive": "unsubscribed", "validating": None, "needs_attention": None, "invalid": "bounced"},
    ),
    Preset(
        "ghost",
        "Ghost",
        _signs("email subscribed_to_emails", "email complimentary_plan created_at"),
        {
            "email": "email",
            "name": "name",
            "subscribed_to_emails": "subscribed",
            "created_at": "joined",
            "labels": "tags",
        }
        | _ignored("id complimentary_plan stripe_customer_id deleted_at tiers products gift_id"),
    ),
    Preset(
        "mailerlite",
        "MailerLite",
        _signs(
            "email status subscribed opens clicks",
            "subscriber status subscribed sent",
            "subscriber sent opens clicks",
            "email subscribed_at opted_in_at",
        ),
        {
            "subscriber": "email",
            "email": "email",
            "name": "first_name",
            "first_name": "first_name",
            "last_name": "last_name",
            "status": "status",
            "subscribed": "joined",
            "subscribed_at": "joined",
            "signup_date": "joined",
            "confirmation_date": "confirmed",
            "opted_in_at": "confirmed",
            "unsubscribed": "unsubscribed",
            "unsubscribed_at": "unsubscribed",
            "groups": "tags",
        }
        | _ignored(
            """id sent opens clicks opens_count clicks_count open_rate click_rate location source ip_address
            signup_ip confirmation_ip optin_ip created_at updated_at"""
        ),
        words={"junk": "complained"},
    ),
    Preset(
        "listmonk",
        "listmonk",
        _signs("uuid email attributes status", "uuid email attribs status"),
        {
            "email": "email",
            "name": "name",
            "attributes": "fields",
            "attribs": "fields",
            "status": "status",
            "created_at": "joined",
        }
        | _ignored("id uuid updated_at lists"),
        words={"enabled": "active", "disabled": "unsubscribed"},
    ),
)

WORDS: dict[str, Word] = {
    "": "active",
    "pending": None,
    "unconfirmed": None,
    "unverified": None,
    "not_confirmed": None,
}
_EVERYBODYS: tuple[tuple[Status, str], ...] = (
    ("active", "active subscribed enabled confirmed opted_in yes aktiv angemeldet abonné"),
    (
        "unsubscribed",
        "unsubscribed cancelled canceled disabled opted_out opt_out removed inactive abgemeldet désabonné",
    ),
    ("bounced", "bounced cleaned hard_bounced hard_bounce undeliverable invalid"),
    ("complained", "complained complaint spam marked_as_spam abuse junk"),
    ("blocked", "blocked blocklisted blacklisted banned suppressed"),
)
WORDS |= {word: status for status, words in _EVERYBODYS for word in words.split()}

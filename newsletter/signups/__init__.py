"""What they want: the signup forms, and the way from a form to a confirmed subscriber."""

from newsletter.signups import testing
from newsletter.signups.actions import Confirmed, Signups, Submission
from newsletter.signups.fields import MOST_FIELDS, TYPES, faults, fitted
from newsletter.signups.forms import CLOSED, TAKEN, Forms, check
from newsletter.signups.funnel_store import FUNNEL_DAYS, Funnel, View, add_views, funnels, keep_funnels
from newsletter.signups.listing_store import all_forms
from newsletter.signups.mail_texts import KINDS, PARTS, TAGS, Kind, guide_words, invitation
from newsletter.signups.mail_texts import faults as mail_faults
from newsletter.signups.model import Field, Form, MailText
from newsletter.signups.seed import GUIDE, seed

__all__ = [
    "CLOSED",
    "FUNNEL_DAYS",
    "GUIDE",
    "KINDS",
    "MOST_FIELDS",
    "PARTS",
    "TAGS",
    "TAKEN",
    "TYPES",
    "Confirmed",
    "Field",
    "Form",
    "Forms",
    "Funnel",
    "Kind",
    "MailText",
    "Signups",
    "Submission",
    "View",
    "add_views",
    "all_forms",
    "check",
    "faults",
    "fitted",
    "funnels",
    "guide_words",
    "invitation",
    "keep_funnels",
    "mail_faults",
    "seed",
    "testing",
]

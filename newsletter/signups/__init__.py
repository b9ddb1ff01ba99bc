"""What they want: the signup forms, and the way from a form to a confirmed subscriber."""

from newsletter.signups.actions import Confirmed, Signups, Submission
from newsletter.signups.fields import MOST_FIELDS, TYPES, faults, fitted
from newsletter.signups.forms import CLOSED, Forms, check
from newsletter.signups.listing_store import all_forms
from newsletter.signups.model import Field, Form
from newsletter.signups.seed import GUIDE, seed

__all__ = [
    "CLOSED",
    "GUIDE",
    "MOST_FIELDS",
    "TYPES",
    "Confirmed",
    "Field",
    "Form",
    "Forms",
    "Signups",
    "Submission",
    "all_forms",
    "check",
    "faults",
    "fitted",
    "seed",
]

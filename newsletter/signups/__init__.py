"""What they want: the signup forms, and the way from a form to a confirmed subscriber."""

from newsletter.signups.actions import Confirmed, Signups, Submission
from newsletter.signups.forms import Forms, check
from newsletter.signups.listing_store import all_forms
from newsletter.signups.model import Field, Form
from newsletter.signups.seed import GUIDE, seed

__all__ = [
    "GUIDE",
    "Confirmed",
    "Field",
    "Form",
    "Forms",
    "Signups",
    "Submission",
    "all_forms",
    "check",
    "seed",
]

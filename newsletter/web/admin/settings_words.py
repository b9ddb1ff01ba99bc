"""Each setting as its owner reads it."""

from newsletter.words import marked

GROUPS = {
    marked("Identity"): {
        "from_name": "The name that your mails are from",
        "from_email": "The address that they are from",
        "reply_to": "Where answers go",
        "owner_email": "Who owns this desk",
        "public_url": "Where readers reach you",
        "allowed_origins": "Your sites",
        "brand_colour": "The colour of buttons and links in mails",
        "logo": "The picture at the top of mails",
        "postal_address": "Your postal address",
        "time_zone": "Your time zone",
    },
    marked("Sending"): {
        "smtp_url": "Your mail server",
        "mail_per_minute": "Mails a minute (0: as fast as it takes them)",
        "mail_per_day": "Mails a day (0: no limit)",
        "ramp_up": "Mails on a new domain’s first day (0: no ramp-up)",
        "domain_limits": "What each provider takes",
        "mail_connections": "Connections at once for broadcasts",
        "in_doubt": "What may have arrived of a broadcast",
        "dkim_keys": "What signs your mails",
        "bounce_domain": "Where what comes back goes",
    },
    marked("Limits"): {
        "signups_per_network": "Sign-ups an hour from one network",
        "bare_signups_per_network": "Of those, without our own form’s token",
        "signups_total": "Sign-ups an hour from everywhere",
        "proof_above": "Sign-ups an hour above which the script shows a proof of work",
        "comments_per_network": "Comments an hour from one network",
        "comment_pause": "Seconds between two comments of one address",
        "import_mb": "The largest file that is taken in, in MB",
    },
    marked("Privacy"): {
        "clicks": "Count how often links are followed, of all together",
        "store_ip": "Keep the IP address with a proof of consent",
        "second_step": "Everybody at this desk needs a second step when signing in",
        "reminder_hours": "Hours until one reminder to confirm (0: none)",
        "confirmation_days": "Days that a link to confirm works",
        "download_days": "Days that a link to a guide works",
        "pending_days": "Days until who never confirmed is forgotten",
    },
}

CHOICES = ("clicks", "store_ip", "second_step")
"""Those that are yes or no."""

WORDS = {
    "in_doubt": {
        "resend": "It is sent once more: nobody misses it, and few get it twice",
        "ask": "It waits until you have looked: nobody gets it twice",
    },
}
"""Those that are one of a few, in words."""

HINTS = {
    "brand_colour": "Like #1f5f5b; empty for ours.",
    "reply_to": "Empty: to the address that they are from.",
    "allowed_origins": "Like https://example.org, with commas between them: whose pages may have your forms and "
    "comments. Empty: a plain form works everywhere, comments and the script nowhere.",
    "domain_limits": "Like gmail.com=5/100 for five messages under way at once and 100 a minute; * is everybody else. "
    "0 is no limit.",
    "time_zone": "Like Europe/Lisbon.",
}

TRIED = {
    "queued": "The test mail waits to be sent. Load this page again in a moment.",
    "sending": "The test mail is being sent. Load this page again in a moment.",
    "sent": "The test mail was taken. The server said:",
    "deferred": "The server wants it later, and it is tried again. It said:",
    "in_doubt": "The line broke before the server answered: the test mail may have arrived.",
    "failed": "The test mail was refused. The server said:",
    "skipped": "The test mail was not sent:",
}
"""What became of a test mail, by its state; the server’s own words follow."""

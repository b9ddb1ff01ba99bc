"""The demonstration around the service: somebody's blog, and the inbox of everybody it mails."""

from newsletter.demo.blog import Blog
from newsletter.demo.inbox import Inbox
from newsletter.demo.smtp import mail_server

__all__ = ["Blog", "Inbox", "mail_server"]

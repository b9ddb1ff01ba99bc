"""What an owner and a session are, apart from where they are stored."""

import msgspec


class Owner(msgspec.Struct):
    id: int
    email: str
    email_key: str


class Session(msgspec.Struct):
    id: int
    owner_id: int
    email: str
    browser: str
    created_at: int
    seen_at: int
    expires_at: int

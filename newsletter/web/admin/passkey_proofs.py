"""What a device is asked to sign, and what its signature says: the one door to webauthn, which is loaded when used."""

from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from newsletter.errors import BadInput
from newsletter.owners import Passkey, Session
from newsletter.settings import Settings

NOT_RIGHT = "This device’s answer is not right. Nothing was changed. Please try once more."


def to_add(settings: Settings, session: Session, challenge: str, has: list[Passkey]) -> str:
    """The options of `navigator.credentials.create`, as JSON: a key that says itself whose it is, behind a PIN or a
    finger."""
    options = webauthn.generate_registration_options(
        rp_id=_host(settings),
        rp_name=settings.from_name or _host(settings),
        user_id=session.owner_id.to_bytes(8, "big"),
        user_name=session.email,
        challenge=base64url_to_bytes(challenge),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(base64url_to_bytes(one.credential)) for one in has
        ],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return webauthn.options_to_json(options)


def to_enter(settings: Settings, challenge: str) -> str:
    """The options of `navigator.credentials.get`, as JSON."""
    options = webauthn.generate_authentication_options(
        rp_id=_host(settings),
        challenge=base64url_to_bytes(challenge),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def added(settings: Settings, answer: str, challenge: str) -> tuple[str, str, int]:
    """The new key's id, its public key and its counter. Raises BadInput."""
    try:
        seen = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(settings),
            expected_origin=settings.public_origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise BadInput(NOT_RIGHT) from error
    return (
        bytes_to_base64url(seen.credential_id),
        bytes_to_base64url(seen.credential_public_key),
        seen.sign_count,
    )


def entered(settings: Settings, answer: str, challenge: str, passkey: Passkey) -> int:
    """Its counter now. Raises BadInput."""
    try:
        seen = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=_host(settings),
            expected_origin=settings.public_origin,
            credential_public_key=base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=passkey.counter,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise BadInput(NOT_RIGHT) from error
    return seen.new_sign_count


def _host(settings: Settings) -> str:
    """A passkey is good for this name alone."""
    return urlsplit(settings.public_url).hostname or ""

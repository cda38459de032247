"""What Google's APIs have in common: who may ask, and how a refusal reads."""

from __future__ import annotations

import base64
import functools
import json
import time
from collections.abc import Mapping
from typing import Any, Final

from lakesmith.simulate.apis.serving import Answer, Asked
from lakesmith.simulate.apis.tokens import Tokens

TOKEN_PATH: Final = "/token"  # noqa: S105 - an address
_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_S: Final = 3_600
_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
}
CLIENT_ID: Final = "1234.apps.googleusercontent.com"
CLIENT_SECRET: Final = "client-secret-of-the-demo"  # noqa: S105 - made up, for a server on this machine
REFRESH_TOKEN: Final = "refresh-token-of-the-demo"  # noqa: S105 - likewise
ACCOUNT: Final = "lakesmith@demo.iam.gserviceaccount.com"


@functools.cache
def _key() -> Any:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def service_account(url: str) -> dict[str, str]:
    """Return the key file of the service account that the server at `url` knows."""
    from cryptography.hazmat.primitives import serialization

    pem = _key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {
        "type": "service_account",
        "project_id": "demo",
        "private_key_id": "1",
        "private_key": pem.decode(),
        "client_email": ACCOUNT,
        "token_uri": url + TOKEN_PATH,
    }


def error(code: int, message: str, *details: Mapping[str, Any], **headers: str) -> Answer:
    """Return a refusal as all Google APIs word it."""
    status = _STATUSES.get(code, "INTERNAL")
    said: dict[str, Any] = {"code": code, "message": message, "status": status}
    if details:
        said["details"] = list(details)
    return Answer.json({"error": said}, code, **headers)


class Accounts:
    """The token endpoint, and the check of the token of every other request."""

    def __init__(self, scope: str) -> None:
        self.tokens = Tokens()
        self._scope = scope

    def refused(self, asked: Asked) -> Answer | None:
        """Return why a request is not answered, or None if its token is good."""
        if asked.is_spoilt("token_revoked"):
            self.tokens.revoke()
        if asked.is_spoilt("token_expired"):
            self.tokens.expire()
        if self.tokens.is_good(asked.bearer()):
            return None
        return error(
            401,
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
            "authentication credential.",
            WWW_Authenticate='Bearer realm="https://accounts.google.com/", error="invalid_token"',
        )

    def token(self, asked: Asked) -> Answer:
        """Answer the token endpoint: a refresh token, or the signed claim of a service account."""
        form = asked.form()
        if asked.is_spoilt("token_revoked"):
            self.tokens.revoke()
        fault = self._claim_fault(form, asked.host) if form.get("grant_type") == _JWT_GRANT else _refresh_fault(form)
        if fault is None and self.tokens.is_revoked:
            fault = _denied("invalid_grant", "Token has been expired or revoked.")
        if fault is not None:
            return fault
        token = self.tokens.issue()
        return Answer.json({"access_token": token, "expires_in": 3599, "scope": self._scope, "token_type": "Bearer"})

    def _claim_fault(self, form: Mapping[str, str], host: str) -> Answer | None:
        try:
            claim = _verified(form.get("assertion", ""))
        except ValueError:
            return _denied("invalid_grant", "Invalid JWT Signature.")
        now = time.time()
        if not (claim["iat"] <= now + 600 and now < claim["exp"] <= claim["iat"] + _LONGEST_S):
            return _denied("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes).")
        if claim["iss"] != ACCOUNT:
            return _denied("invalid_grant", "Invalid grant: account not found")
        if claim["aud"] != host + TOKEN_PATH or self._scope not in claim["scope"].split():
            return _denied("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return None


def _refresh_fault(form: Mapping[str, str]) -> Answer | None:
    if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
        return _denied("invalid_client", "The OAuth client was not found.", 401)
    if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != REFRESH_TOKEN:
        return _denied("invalid_grant", "Bad Request")
    return None


def _denied(code: str, text: str, status: int = 400) -> Answer:
    return Answer.json({"error": code, "error_description": text}, status)


def _verified(assertion: str) -> dict[str, Any]:
    """Return the claims of a JWT, whose signature is checked with the account's key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    signed, _, signature = assertion.rpartition(".")
    try:
        _key().public_key().verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        claims: dict[str, Any] = json.loads(_decoded(signed.partition(".")[2]))
    except (InvalidSignature, ValueError) as fault:
        raise ValueError("not signed by the account") from fault
    return claims


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

"""Who is asking: tokens that are had from somewhere, renewed once for all who ask, and never shown."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from lakesmith.errors import ConnectorOptionsError
from lakesmith.host.clock import Clock
from lakesmith.sources.rest.flow.attempts import Answered, Attempts, plainly
from lakesmith.sources.rest.flow.digging import whole_number
from lakesmith.sources.rest.flow.plan import Plan
from lakesmith.sources.rest.flow.values import Request
from lakesmith.sources.rest.settings.auth import (
    BasicAuth,
    BearerAuth,
    KeyAuth,
    OauthClientAuth,
    OauthRefreshAuth,
    ServiceAccountAuth,
)
from lakesmith.sources.rest.settings.errors import ErrorRule

EARLY_S = 60
"""How long before its end a token is renewed."""

JWT_S = 3600
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
FORM = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
RULES = (
    ErrorRule(status=(429,), meaning="throttle"),
    ErrorRule(status=(400, 401, 403), meaning="auth"),
)

AskedTokens = OauthClientAuth | OauthRefreshAuth | ServiceAccountAuth
Run = Callable[[Attempts], Answered]


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request is sent with. `number` grows with each renewal; `until_s` is when it ends by the steady clock, None: nobody knows."""

    number: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    until_s: float | None = None


def secrets_of(auth: Any) -> list[str]:
    """Return the texts of an `auth:` that nobody may see."""
    if auth is None:
        return []
    values = [getattr(auth, name) for name in type(auth).model_fields]
    secrets = [value.get_secret_value() for value in values if hasattr(value, "get_secret_value")]
    if isinstance(auth, BasicAuth):
        secrets.append(_basic(auth.user, auth.password.get_secret_value()))
    return secrets


class Keyring:
    """The credentials of one source. Several threads share them: one renews, the others wait for it."""

    def __init__(self, auth: Any, plan: Plan, clock: Clock, run: Run) -> None:
        self._auth, self._plan, self._clock, self._run = auth, plan, clock, run
        self._lock = threading.Lock()
        self._credential: Credential | None = None

    def current(self) -> Credential:
        """Return the credentials of now; the first time, and when they are about to end, new ones.

        Raises:
            LakesmithError: If there are none to be had.
        """
        with self._lock:
            known = self._credential
            is_over = known is not None and known.until_s is not None and self._clock.steady_s() >= known.until_s
            if known is None or is_over:
                known = self._credential = self._made(known.number + 1 if known else 1)
            return known

    def renew(self, number: int) -> None:
        """Get new credentials, unless those with this number are old already.

        Raises:
            LakesmithError: If there are none to be had.
        """
        with self._lock:
            known = self._credential
            if known is None or known.number <= number:
                self._credential = self._made(number + 1)

    def _made(self, number: int) -> Credential:
        auth = self._auth
        if auth is None:
            return Credential(number)
        if isinstance(auth, BearerAuth):
            return Credential(number, {"authorization": f"{auth.scheme} {auth.token.get_secret_value()}"})
        if isinstance(auth, KeyAuth):
            value = auth.value.get_secret_value()
            return Credential(
                number, {auth.header.lower(): value} if auth.header else {}, {auth.query: value} if auth.query else {}
            )
        if isinstance(auth, BasicAuth):
            return Credential(number, {"authorization": f"Basic {_basic(auth.user, auth.password.get_secret_value())}"})
        return self._asked(auth, number)

    def _asked(self, auth: AskedTokens, number: int) -> Credential:
        answered = self._run(Attempts(self._plan, self._request(auth), plainly))
        told = answered.seen if isinstance(answered.seen, dict) else {}
        token = told.get("access_token")
        if not isinstance(token, str) or not token:
            raise ConnectorOptionsError(
                "The server that issues tokens answered without one.",
                where=self._plan.where,
                fix="check `auth: {token_url: …}`",
            )
        self._plan.scrub.add(token)
        seconds = whole_number(told.get("expires_in"))
        until = None if seconds is None else self._clock.steady_s() + max(seconds - EARLY_S, seconds / 2)
        header, scheme = "authorization", "Bearer"
        if not isinstance(auth, ServiceAccountAuth):
            header, scheme = auth.header.lower(), auth.scheme
        return Credential(number, {header: f"{scheme} {token}".strip()}, until_s=until)

    def _request(self, auth: AskedTokens) -> Request:
        if isinstance(auth, ServiceAccountAuth):
            url, note = signed_note(auth, int(self._clock.now().timestamp()), self._plan)
            return _form(url, {"grant_type": JWT_GRANT, "assertion": note})
        form = dict(auth.fields)
        if isinstance(auth, OauthClientAuth):
            secret: str | None = auth.client_secret.get_secret_value()
            form |= {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {})
        else:
            secret = auth.client_secret.get_secret_value() if auth.client_secret else None
            form |= {"grant_type": "refresh_token", "refresh_token": auth.refresh_token.get_secret_value()}
        if auth.in_header:
            return _form(auth.token_url, form, {"authorization": f"Basic {_basic(auth.client_id, secret or '')}"})
        return _form(
            auth.token_url, form | {"client_id": auth.client_id} | ({"client_secret": secret} if secret else {})
        )


def signed_note(auth: ServiceAccountAuth, now: int, plan: Plan) -> tuple[str, str]:
    """Return where a service account asks for tokens, and the signed note (JWT, RS256) it asks with; `now` in seconds since 1970.

    Raises:
        ConnectorOptionsError: If its key is not the JSON that it is downloaded as.
    """
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        known = json.loads(auth.key.get_secret_value())
        url = auth.token_url or str(known["token_uri"])
        claims = {"iss": known["client_email"], "scope": auth.scope, "aud": url, "iat": now, "exp": now + JWT_S}
        claims |= {"sub": auth.subject} if auth.subject else {}
        key: Any = serialization.load_pem_private_key(known["private_key"].encode(), None)
        head = {"alg": "RS256", "typ": "JWT"} | ({"kid": known["private_key_id"]} if "private_key_id" in known else {})
        note = f"{_packed(head)}.{_packed(claims)}"
        signature = key.sign(note.encode(), padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConnectorOptionsError(
            "The key of the service account cannot be used.",
            where=plan.where,
            fix=plan.needs or "set `auth: {key: ${file:…}}` to the JSON file that the key was downloaded as, unchanged",
        ) from None
    return url, f"{note}.{_encoded(signature)}"


def _form(url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Request:
    return Request("POST", url, {**FORM, **(headers or {})}, urlencode(form).encode(), is_trusted=False)


def _basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _packed(plain: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(plain, separators=(",", ":")).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

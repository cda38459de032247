"""The application: pages and their twins behind the gate."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from lakesmith.api.viewing import Viewing
from lakesmith.api.viewing.twins import as_json
from lakesmith.console.answers import JSON, METRICS, Answer, refusal
from lakesmith.console.gate import App, Gate, Receive, Scope, Send
from lakesmith.console.keys import Keys
from lakesmith.console.routes import PAGES, Page
from lakesmith.errors import LakesmithError
from lakesmith.pages.frame import Chrome
from lakesmith.pages.links import KEY

if TYPE_CHECKING:
    from starlette.requests import Request

Complain = Callable[[str], None]
FORM_BYTES = 4096
FORM = "application/x-www-form-urlencoded"


def make_app(
    viewing: Viewing, keys: Keys, names: tuple[frozenset[str], frozenset[str]], cookie: str, complain: Complain
) -> App:
    """Return the console as an ASGI application. `names` are the hosts it answers to and the origins of its forms."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    routes = []
    for page in PAGES:
        for path, is_twin in ((page.twin, True), (page.path, False)):
            routes.append(Route(path, _Shown(page, viewing, keys, complain, is_twin), methods=["GET"]))
    routes.append(Route("/metrics", _Measured(viewing, complain), methods=["GET"]))
    routes.append(Route("/logout", _Leaving(keys, cookie), methods=["POST"]))
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return Gate(_Last(app, complain), keys, *names, cookie)


class _Shown:
    """Shows one page, or its twin."""

    def __init__(self, page: Page, viewing: Viewing, keys: Keys, complain: Complain, is_twin: bool) -> None:  # noqa: FBT001
        self._page, self._viewing, self._keys, self._complain, self._is_twin = page, viewing, keys, complain, is_twin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        from starlette.concurrency import run_in_threadpool
        from starlette.requests import Request

        request = Request(scope, receive)
        answer = await run_in_threadpool(self._answer, request) if request.method in ("GET", "HEAD") else refusal(405)
        await answer.send(send, bare=request.method == "HEAD")

    def _answer(self, request: Request) -> Answer:
        key = request.path_params.get("key")
        if key is not None and not KEY.fullmatch(key):
            return refusal(404)
        asked = self._page.read(_asked(request))
        if asked is None:
            return refusal(400)
        try:
            view: Any = self._page.gather(self._viewing, *(() if key is None else (key,)), **asked)
        except LakesmithError as error:
            self._complain(error.what)
            return refusal(503)
        if view is None:
            return refusal(404)
        if self._is_twin:
            return Answer(200, as_json(view), JSON)
        return Answer(200, self._page.draw(view, self._chrome(request, key)))

    def _chrome(self, request: Request, key: str | None) -> Chrome:
        twin = self._page.twin.replace("{key}", key or "")
        query = request.url.query
        command = self._page.command.replace("{key}", key or "")
        return Chrome(
            self._page.section,
            f"{twin}?{query}" if query else twin,
            f"{command} --json",
            self._keys.proof(request.scope["lakesmith_session"]),
        )


class _Measured:
    """Tells Prometheus how the project is; the gate has let it in by the key."""

    def __init__(self, viewing: Viewing, complain: Complain) -> None:
        self._viewing, self._complain = viewing, complain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        from starlette.concurrency import run_in_threadpool

        del receive
        answer = await run_in_threadpool(self._answer) if scope["method"] in ("GET", "HEAD") else refusal(405)
        await answer.send(send, bare=scope["method"] == "HEAD")

    def _answer(self) -> Answer:
        try:
            return Answer(200, self._viewing.metrics(), METRICS)
        except LakesmithError as error:
            self._complain(error.what)
            return refusal(503)


class _Leaving:
    """Ends all sessions: the one form of the console."""

    def __init__(self, keys: Keys, cookie: str) -> None:
        self._keys, self._cookie = keys, cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        from starlette.requests import Request

        request = Request(scope, receive)
        answer = await self._answer(request) if request.method == "POST" else refusal(405)
        await answer.send(send, bare=request.method == "HEAD")

    async def _answer(self, request: Request) -> Answer:
        if not await proven(request, self._keys):
            return refusal(403)
        self._keys.void()
        gone = f"{self._cookie}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict"
        return Answer(303, headers=(("location", "/"), ("set-cookie", gone)))


async def proven(request: Request, keys: Keys) -> bool:
    """Whether a form comes from a page of ours that was shown to this session: it says where it is from, and bears the proof."""
    if "origin" not in request.headers and request.headers.get("sec-fetch-site") != "same-origin":
        return False
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not hmac.compare_digest(kind.encode(), FORM.encode()):
        return False
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES:
            return False
    try:
        told = parse_qs(body.decode("ascii"), max_num_fields=8).get("proof", [])
    except ValueError:
        return False
    return len(told) == 1 and keys.knows_proof(request.scope["lakesmith_session"], told[0])


class _Last:
    """The last boundary: what nobody expected becomes a page that says nothing of its inside, and a line on the terminal."""

    def __init__(self, inner: App, complain: Complain) -> None:
        self._inner, self._complain = inner, complain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on; pages of our own take the place of the framework's."""
        began = False
        status = 0

        async def watched(message: Any) -> None:
            """Keep back answers that are not ours."""
            nonlocal began, status
            if message["type"] == "http.response.start":
                status = message["status"]
                ours = any(name == b"content-security-policy" for name, _ in message["headers"])
                began = began or ours
            if began:
                await send(message)

        try:
            await self._inner(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the outermost boundary of a request
            self._complain(f"A page could not be made: {type(error).__name__}.")
            status = 500
        if not began and scope["type"] == "http":
            await refusal(status or 500).send(send, bare=scope["method"] == "HEAD")


def _asked(request: Request) -> dict[str, list[str]]:
    return parse_qs(request.url.query, keep_blank_values=True, max_num_fields=12)

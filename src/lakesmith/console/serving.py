"""Runs the console on this machine: in front of everything else, or beside it."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lakesmith.errors import MissingExtraError, StorageUnavailableError, UsageError

if TYPE_CHECKING:
    import uvicorn

    from lakesmith.api.project import Project
    from lakesmith.api.viewing import Viewing

PORT = 8686
HOST = "127.0.0.1"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
START_S = 30.0


def serve(
    project: Project,
    host: str = HOST,
    port: int = PORT,
    ready: Callable[[str], None] = print,
    complain: Callable[[str], None] | None = None,
) -> None:
    """Serve a project's console until Ctrl-C. `ready` is called with the link that lets somebody in, once.

    Args:
        project: What is shown.
        host: A name of this machine for itself: 127.0.0.1, ::1 or localhost.
        port: 0: any free one.
        ready: Called when the console answers.
        complain: Called with a sentence when a page cannot be made; None: standard error.

    Raises:
        UsageError: If the address is one that other machines reach.
        MissingExtraError: If the extra `console` is not installed.
        StorageUnavailableError: If the port is taken, or the record cannot be read.
    """
    with _made(project, host, port, complain) as (server, listener, link):
        asyncio.run(_until_stopped(server, listener, lambda: ready(link)))


@contextmanager
def serving(
    project: Project, host: str = HOST, port: int = PORT, complain: Callable[[str], None] | None = None
) -> Iterator[str]:
    """Serve a project's console for the length of a `with`, in a thread of its own; yield the link that lets somebody in, once.

    Raises:
        UsageError: If the address is one that other machines reach.
        MissingExtraError: If the extra `console` is not installed.
        StorageUnavailableError: If the port is taken, or the record cannot be read.
    """
    with _made(project, host, port, complain) as (server, listener, link):
        up = threading.Event()
        thread = threading.Thread(
            target=lambda: asyncio.run(_until_stopped(server, listener, up.set)), name="console", daemon=True
        )
        thread.start()
        up.wait(START_S)
        try:
            yield link
        finally:
            server.should_exit = True
            thread.join(START_S)


def new_link(project: Project, port: int = PORT) -> str:
    """Return another link to a console of this project that runs on a port."""
    from lakesmith.console.keys import Keys

    return f"http://localhost:{port}/?token={Keys(project.config.paths.state, _clock(project)).link()}"


@contextmanager
def _made(
    project: Project, host: str, port: int, complain: Callable[[str], None] | None
) -> Iterator[tuple[uvicorn.Server, socket.socket, str]]:
    """Put everything together: the record is open and the port is taken before anybody is told."""
    uvicorn = _uvicorn()
    from lakesmith.api.viewing import Viewing
    from lakesmith.console.app import make_app
    from lakesmith.console.gate import names_of
    from lakesmith.console.keys import Keys

    listener = _listen(host, port)
    try:
        port = listener.getsockname()[1]
        keys = Keys(project.config.paths.state, _clock(project))
        cookie = f"lakesmith_{port}"
        with Viewing(project) as viewing:
            _warm(viewing)
            app = make_app(viewing, keys, names_of(port, project.config.alerts.address), cookie, complain or _grumble)
            config = uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                lifespan="off",
                proxy_headers=False,
                ws="none",
                h11_max_incomplete_event_size=16_384,
                limit_concurrency=64,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=1,
            )
            yield uvicorn.Server(config), listener, f"http://localhost:{port}/?token={keys.link()}"
    finally:
        listener.close()


async def _until_stopped(server: uvicorn.Server, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until somebody wants it to end; tell when the first request can come."""
    work = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not work.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    if server.started:
        ready()
    await work


def _listen(host: str, port: int) -> socket.socket:
    """Take a port of this machine, which no other machine reaches.

    Raises:
        UsageError: If the address is not one of this machine for itself.
        StorageUnavailableError: If the port is taken.
    """
    if host not in LOOPBACK:
        raise UsageError(
            f"The console is served to this machine only, so it cannot listen on {host}.",
            fix=f"leave --host away, and from another machine use a tunnel: `ssh -L {port or PORT}:localhost:{port or PORT} …`",
        )
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    listener = socket.socket(
        family, socket.SOCK_STREAM, socket.IPPROTO_TCP
    )  # asyncio sends at once only where TCP is named
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("::1" if host == "::1" else HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise StorageUnavailableError(
            f"Port {port} of this machine cannot be used: {error.strerror or type(error).__name__}.",
            fix="end what uses it, or take another one: `--port 0` takes any that is free",
        ) from error
    return listener


def _uvicorn() -> Any:
    try:
        import starlette  # noqa: F401 - asked for here, so that what is missing is said once
        import uvicorn
    except ImportError as error:
        raise MissingExtraError(
            "The console needs starlette and uvicorn, which are not installed.",
            fix="pip install 'lakesmith[console]'",
        ) from error
    return uvicorn


def _warm(viewing: Viewing) -> None:
    """Make the first page once, so that nobody waits for what is read only once. What cannot be read now is told when it is asked for."""
    from lakesmith.errors import LakesmithError

    try:
        viewing.today()
    except LakesmithError:
        return


def _clock(project: Project) -> Callable[[], float]:
    clock = project._shop.host.clock  # noqa: SLF001 - one clock for all
    return lambda: clock.now().timestamp()


def _grumble(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - the terminal is where a server complains

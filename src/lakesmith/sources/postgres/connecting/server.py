"""One server as its source reaches it: sessions of both drivers, through a tunnel if one is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError, RetriableError
from lakesmith.sources.postgres.connecting.address import Address
from lakesmith.sources.postgres.connecting.arrow import ArrowSession
from lakesmith.sources.postgres.connecting.drivers import ADBC, PSYCOPG, load_driver
from lakesmith.sources.postgres.connecting.faults import driver_errors
from lakesmith.sources.postgres.connecting.identity import Identity, identify
from lakesmith.sources.postgres.connecting.pooler import refuse_transaction_pooler
from lakesmith.sources.postgres.connecting.settings import CONNECT, SessionSettings
from lakesmith.sources.postgres.connecting.tunnel import Tunnel, TunnelSettings
from lakesmith.sources.scene import Scene

if TYPE_CHECKING:
    import psycopg

DEFAULTS = SessionSettings()


@dataclass(frozen=True, slots=True)
class Reach:
    """How a server is reached. `where` is the project file and line of the source, for messages."""

    address: Address
    settings: SessionSettings = DEFAULTS
    tunnel: TunnelSettings | None = None
    where: str = ""


class Server:
    """Opens sessions; any thread may ask. Nothing is sent before the first one.

    The first session proves that no transaction pooler is in between, and which server this is. Whoever opens a session closes it.
    """

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._lock = threading.Lock()
        self._tunnel: Tunnel | None = None
        self._identity: Identity | None = None

    @property
    def place(self) -> str:
        """Host, port and database, for messages; never user or password."""
        return self._reach.address.place

    @property
    def is_socket(self) -> bool:
        """Whether it is a socket in a folder of this machine."""
        return self._reach.address.is_socket

    @property
    def where(self) -> str:
        """The project file and line of the source."""
        return self._reach.where

    def scene(self, about: str = "") -> Scene:
        """Return where something happens, for `driver_errors`; `about` names the table or step."""
        via = f" by {self._reach.tunnel.place}" if self._reach.tunnel else ""
        return Scene(self.place + via, self.where, about)

    def identify(self) -> Identity:
        """Return which server this is; asked once.

        Raises:
            LakesmithError: See `session`.
        """
        if self._identity is None:
            self.session().close()
        return self._proved()

    def session(self, *, autocommit: bool = True) -> psycopg.Connection[Any]:
        """Return a new session of psycopg, read only, with the settings of `FIXED`.

        Raises:
            ConnectorOptionsError: If address, user, password or server cannot be used, or a transaction pooler is in between.
            RetriableError: If nobody answers, or the server has no connection to give.
            MissingExtraError: If a driver is not installed.
        """
        session = self._connect()
        try:
            self._prove(session)
            with driver_errors(self.scene()):
                session.execute(self._reach.settings.statement().encode())
                session.autocommit = autocommit
        except BaseException:
            session.close()
            raise
        return session

    def arrow(self) -> ArrowSession:
        """Return a new session of ADBC, set up alike.

        Raises:
            LakesmithError: See `session`.
        """
        load_driver(ADBC)  # before a server is asked for something that could not be read
        self.identify()
        conninfo = self._conninfo()
        with self._far_side(), driver_errors(self.scene()):
            session = ArrowSession(conninfo)
        try:
            with driver_errors(self.scene()):
                session.rows(self._reach.settings.statement())
        except BaseException:
            session.close()
            raise
        return session

    def close(self) -> None:
        """End the tunnel, and with it all sessions through it. A session asked for later opens it anew."""
        with self._lock:
            tunnel, self._tunnel = self._tunnel, None
        if tunnel is not None:
            tunnel.close()

    def _connect(self) -> psycopg.Connection[Any]:
        """Return a session of psycopg with nothing set yet."""
        driver, conninfo = load_driver(PSYCOPG), self._conninfo()
        with self._far_side(), driver_errors(self.scene()):
            session: psycopg.Connection[Any] = driver.connect(conninfo, autocommit=True, prepare_threshold=None)
        return session

    @contextmanager
    def _far_side(self) -> Iterator[None]:
        """Raise what the tunnel met in the place of the lost connection that the driver sees of it."""
        tunnel = self._tunnel
        if tunnel is not None:
            tunnel.last_fault = None
        try:
            yield
        except RetriableError as error:
            met = tunnel.last_fault if tunnel is not None else None
            if met is None:
                raise
            raise met from error

    def _conninfo(self) -> str:
        address, limit = self._reach.address, str(self._reach.settings.connect_timeout_s)
        if self._reach.tunnel is not None:
            address = address.through(self._through(self._reach.tunnel).port)
        return address.conninfo({**CONNECT, "connect_timeout": limit}, client_encoding="UTF8")

    def _through(self, settings: TunnelSettings) -> Tunnel:
        address = self._reach.address
        if address.is_socket:
            raise ConnectorOptionsError(
                "A socket in a folder cannot be reached by a tunnel.",
                where=self.scene().said,
                fix="write `host:` as the SSH server sees it, such as localhost",
            )
        with self._lock:
            if self._tunnel is None:
                host = address.settings.get("hostaddr", address.host)
                self._tunnel = Tunnel(settings, (host, address.port), self.where)
            return self._tunnel

    def _prove(self, session: psycopg.Connection[Any]) -> None:
        if self._identity is None:
            refuse_transaction_pooler(session, self._connect, self.scene(), port=self._reach.address.port)
            self._identity = identify(session, self.scene())

    def _proved(self) -> Identity:
        if self._identity is None:
            raise RuntimeError("a session proves which server it is")
        return self._identity

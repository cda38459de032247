"""A client of the server, and what it says of its collections."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakesmith.errors import ConnectorOptionsError
from lakesmith.sources.mongodb.connecting.address import Address, load_driver
from lakesmith.sources.mongodb.connecting.faults import MISSING, driver_errors
from lakesmith.sources.scene import Scene

if TYPE_CHECKING:
    from lakesmith.sources.mongodb.planning.plan import Sized

SYSTEM = "system."
APP = "lakesmith"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the server is asked: which members may answer, and how many seconds it may take to find one."""

    read_preference: str = "primary"
    connect_timeout_s: int = 15


@dataclass(frozen=True, slots=True)
class Collection:
    """What the server says of a collection or view. `uuid` is empty for what may be made anew at any time: a view."""

    name: str
    kind: str
    uuid: str = ""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def is_plain(self) -> bool:
        """Whether ranges of its `_id` can be read by themselves, in the order of its own index."""
        return self.kind == "collection" and not {"capped", "collation", "clusteredIndex"} & self.options.keys()

    @property
    def told(self) -> str:
        """What it is, for people."""
        if self.kind == "timeseries":
            return "time series"
        return "capped collection" if self.options.get("capped") else self.kind


class Server:
    """A connection to one database; made when it is first used, by any thread."""

    def __init__(self, address: Address, settings: Settings, where: str = "") -> None:
        self.address, self.settings, self.where = address, settings, where
        with driver_errors(self.scene()):
            self.client = connect(address.url, settings, self.where)
        self.database = self.client.get_database(
            address.database, read_concern=load_driver("pymongo.read_concern").ReadConcern("majority")
        )

    def scene(self, about: str = "") -> Scene:
        """Return where something happens that is about a stream, or the source itself."""
        return Scene(self.address.place, self.where, about)

    def close(self) -> None:
        """End all connections."""
        self.client.close()

    def version(self) -> str:
        """Return the server's version, which also proves that it answers."""
        return str(self.client.server_info()["version"])

    def is_router(self) -> bool:
        """Whether it stands before the shards of a cluster."""
        return bool(self.client.admin.command("hello").get("msg") == "isdbgrid")

    def collections(self, name: str | None = None) -> tuple[Collection, ...]:
        """Return the collections and views that this user may see, but for the server's own; only the one called `name` if it is given."""
        said = {"filter": {"name": name}} if name is not None else {}
        try:
            found = list(self.database.list_collections(**said))
        except load_driver("pymongo.errors").OperationFailure as error:
            if error.code != 13:  # noqa: PLR2004 - not authorized to see all of them
                raise
            found = list(self.database.list_collections(**said, nameOnly=True, authorizedCollections=True))
        listed = [_collection(one) for one in found]
        return tuple(one for one in sorted(listed, key=lambda one: one.name) if not one.name.startswith(SYSTEM))

    def collection(self, name: str, about: str, where: str) -> Collection:
        """Return one of them.

        Raises:
            SourceMissingError: If it is not there.
        """
        found = self.collections(name)
        if not found:
            raise MISSING.error(
                f"There is no collection or view `{name}` in the database `{self.address.database}`.",
                where=Scene(self.address.place, where, about).said,
                fix=MISSING.fix,
            )
        return found[0]

    def size(self, name: str) -> tuple[int, int]:
        """Return how many documents and bytes of them a collection has, by the server's own books; zeros for a view."""
        try:
            said = self.database.command("collStats", name)
        except load_driver("pymongo.errors").OperationFailure as error:
            if error.code not in (13, 26, 59, 166, 238):
                raise
            return 0, 0
        return int(said.get("count", 0)), int(said.get("size", 0))

    def sized(self, collection: Collection) -> Sized:
        """Return how large a collection is, and whether its `_id`s can be read by ranges, which an index on them has to serve."""
        from lakesmith.sources.mongodb.planning.plan import Sized

        documents, size = self.size(collection.name) if collection.kind != "view" else (0, 0)
        if not collection.is_plain or not documents or self.is_router():
            return Sized(documents, size)
        return Sized(documents, size, ("_id",) in self.indexes(collection.name))

    def causal(self) -> str:
        """Return what the server said of its time, for a process of its own to wait for; empty where members have no common one."""
        import bson

        if self.settings.read_preference == "primary":
            return ""
        with self.client.start_session(causal_consistency=True) as session:
            self.database.command("ping", session=session)
            cluster, operation = session.cluster_time, session.operation_time
        return b64encode(bson.encode({"cluster": cluster, "operation": operation})).decode() if operation else ""

    def indexes(self, name: str) -> tuple[tuple[str, ...], ...]:
        """Return the fields of each index that has all documents in it."""
        found = self.database[name].list_indexes()
        return tuple(
            tuple(one["key"]) for one in found if "partialFilterExpression" not in one and not one.get("sparse")
        )


def _collection(said: Mapping[str, Any]) -> Collection:
    kind = said.get("type", "collection")
    uuid = (said.get("info") or {}).get("uuid")
    return Collection(
        said["name"], kind, bytes(uuid).hex() if uuid is not None and kind != "view" else "", said.get("options") or {}
    )


def connect(url: str, settings: Settings, where: str = "") -> Any:
    """Return a client that reads as Lakesmith does: majority, named, and with dates that need not be Python's.

    Raises:
        ConnectorOptionsError: If the address asks for what the driver does not know.
    """
    pymongo, errors = load_driver(), load_driver("pymongo.errors")
    wait_ms = settings.connect_timeout_s * 1000
    try:
        return pymongo.MongoClient(
            url,
            appname=APP,
            readPreference=settings.read_preference,
            serverSelectionTimeoutMS=wait_ms,
            connectTimeoutMS=wait_ms,
            datetime_conversion="DATETIME_MS",
            tz_aware=False,
            connect=False,
            maxPoolSize=None,
        )
    except (errors.ConfigurationError, errors.InvalidURI, ValueError, TypeError, OSError) as error:
        known = isinstance(error, errors.PyMongoError)
        if known and "DNS" in str(error):
            raise
        raise ConnectorOptionsError(
            "A parameter of the address has a value that it cannot have, or names a file that cannot be read.",
            where=where,
            fix="correct what stands behind the ? of `url:`: MongoDB's manual lists the values under Connection String Options",
        ) from None  # the driver quotes the address

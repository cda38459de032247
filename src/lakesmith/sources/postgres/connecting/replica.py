"""A replica that is read in place of the server itself: it has to be one of that server."""

from __future__ import annotations

from lakesmith.errors import ConnectorOptionsError
from lakesmith.sources.postgres.connecting.identity import Identity


def refuse_stranger(primary: Identity, replica: Identity, where: str = "") -> str:
    """Return what could not be proved of a replica, empty if all was.

    A logical copy is another cluster with other transactions: it is named in `url:` then, not in `replica:`.

    Raises:
        ConnectorOptionsError: If the two are not the same cluster or database, or `url:` is itself a replica of nothing known.
    """
    if primary.database != replica.database:
        raise _stranger("`replica:` names another database than `url:`.", "name the same database in both", where)
    if primary.system is None or replica.system is None:
        if not replica.in_recovery:
            raise _stranger(
                "The server in `replica:` is no replica: it takes writes of its own.",
                "name a physical replica, or leave it out",
                where,
            )
        return "neither server says which cluster it is of: the user may not call pg_control_system()"
    if primary.system != replica.system:
        raise _stranger(
            "The server in `replica:` is no replica of the one in `url:`: it is another cluster.",
            "name a physical replica of it, or put this server into `url:` and leave `replica:` out",
            where,
        )
    return ""


def _stranger(what: str, fix: str, where: str) -> ConnectorOptionsError:
    return ConnectorOptionsError(what, where=where, fix=fix)

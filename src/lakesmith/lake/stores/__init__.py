"""The stores a lake can lie in, by the scheme of its address."""

from __future__ import annotations

from lakesmith.lake.stores.store import FolderStore, Store
from lakesmith.model.places import LakeAddress


def open_store(address: LakeAddress) -> Store:
    """Return the store of a lake. Nothing is connected before the first read or write."""
    if not address.scheme:
        return FolderStore(address.root)
    from lakesmith.lake.stores.objects import ObjectStore

    return ObjectStore(address.root, address.storage)


__all__ = ["open_store"]

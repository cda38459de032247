"""The company as its systems show it: what changes in the app's database day by day, and what each platform knows as of a day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lakesmith.simulate.sales_marketing.ads import Account
from lakesmith.simulate.sales_marketing.analytics import Analytics
from lakesmith.simulate.sales_marketing.business import PAST_DAYS, SalesMarketing
from lakesmith.simulate.sales_marketing.crm import Crm
from lakesmith.simulate.sales_marketing.documents import UPDATED_IN_PLACE, Document, Placed, place
from lakesmith.simulate.sales_marketing.life import Life

Operation = dict[str, Any]
"""One write to MongoDB: `collection`, `operation` (insert_one, update_one or delete_one) and that operation's arguments."""

COLLECTIONS: Final = ("customers", "orders", "events", "tickets")
_STAYS: Final = object()


@dataclass(slots=True)
class World:
    """The company from outside; `days` are lived in order, and day 1 begins with all of the past.

    Attributes:
        business: Whose world.
        documents: What the app's database holds by now: collection → id → document.
        today: The last day that was lived; 0 before the first.
    """

    business: SalesMarketing
    documents: dict[str, dict[str, Document]] = field(default_factory=lambda: {name: {} for name in COLLECTIONS})
    today: int = 0
    _life: Life = field(init=False)

    def __post_init__(self) -> None:
        """Begin the life."""
        self._life = Life(self.business)

    def day(self, number: int) -> list[Operation]:
        """Live the next day and return what it writes to the app's database, in order.

        Args:
            number: Counts from 1.

        Raises:
            ValueError: If it is not the day after `today`.
        """
        if number != self.today + 1:
            message = f"Day {self.today + 1} comes next, and not day {number}: each day goes on from the one before."
            raise ValueError(message)
        self._life.live_through(number)
        self.today = number
        operations = []
        for day in range(1 - PAST_DAYS if number == 1 else number, number + 1):
            for record, stays in self._life.writes[day]:
                placed = place(record, day)
                if placed is not None:
                    operations += self._write(placed) if stays else [self._delete(placed)]
        return operations

    def advertising(self, platform: str) -> Account:
        """Return the advertising account on a platform, as it is known at the end of `today`."""
        return Account(self.business, platform, self.today)

    @property
    def analytics(self) -> Analytics:
        """Web analytics as of the end of `today`."""
        return Analytics(self._life, self.today)

    @property
    def crm(self) -> Crm:
        """The CRM as of the end of `today`."""
        return Crm(self._life, self.today)

    def _write(self, placed: Placed) -> list[Operation]:
        standing = self.documents[placed.collection]
        before = standing.get(placed.id)
        if before is None:
            standing[placed.id] = placed.document
            return [{"collection": placed.collection, "operation": "insert_one", "document": dict(placed.document)}]
        update = _update(before, placed.document, in_place=placed.collection in UPDATED_IN_PLACE)
        for name in update.get("$unset", ()):
            del before[name]
        before.update(update.get("$set", {}))
        if not update:
            return []
        return [
            {
                "collection": placed.collection,
                "operation": "update_one",
                "filter": {"_id": placed.id},
                "update": update,
            }
        ]

    def _delete(self, placed: Placed) -> Operation:
        del self.documents[placed.collection][placed.id]
        return {"collection": placed.collection, "operation": "delete_one", "filter": {"_id": placed.id}}


def _update(before: Document, after: Document, *, in_place: bool) -> Mapping[str, Document]:
    """Return what makes one document the other; `in_place`: what stands there keeps its shape, only values that mean another thing change."""
    if in_place:
        named = ("status", "customer_id", "updated_at")
        changed = {name: after[name] for name in named if name in after and before.get(name, _STAYS) != after[name]}
        return {"$set": changed} if changed else {}
    changed = {name: value for name, value in after.items() if before.get(name, _STAYS) != value}
    gone = {name: "" for name in before if name not in after}
    return {**({"$set": changed} if changed else {}), **({"$unset": gone} if gone else {})}

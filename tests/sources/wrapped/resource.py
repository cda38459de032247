"""A resource of dlt with a cursor of its own, as people write them; read from the file that `file` names."""

import datetime as dt
import decimal
import json
from pathlib import Path

import dlt

print("what a resource prints is no message")  # noqa: T201


@dlt.source
def shop(file):
    @dlt.resource(primary_key="id", write_disposition="merge")
    def orders(newest=dlt.sources.incremental("id", initial_value=0)):  # noqa: B008 - as dlt wants it
        for number in json.loads(Path(file).read_text()):
            if number >= newest.last_value:
                when = dt.datetime(2026, 1, 1, number % 24, tzinfo=dt.UTC)
                yield {
                    "id": number,
                    "price": decimal.Decimal("12345678901234567890.25"),
                    "paid_at": when,
                    "due": when.date(),
                }

    @dlt.resource
    def plans():
        yield [{"name": "a", "parts": [1, 2]}, {"name": "b", "parts": []}]

    return orders, plans

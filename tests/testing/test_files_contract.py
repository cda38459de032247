# ruff: noqa: RUF012 - contracts are written as in the documentation
"""The files source keeps the contract, for CSV and for web-server logs."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from lakesmith.sources.files import FilesSource
from lakesmith.testing import Records, SourceContract

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def append(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", newline="") as file:
        file.write(text)


class TestCsv(SourceContract):
    """Two files, one of which grows, and a third that comes later; quoted line ends, and a record that is too short."""

    source = FilesSource
    options = {"root": "drops"}
    stream_options = {"files": "{date}/orders.csv"}
    types = {"id": "long", "price": "double", "bought": "date", "paid": "boolean", "note": "string"}

    def prepare(self, folder: Path) -> Records:
        one = [self.order(key) for key in range(1, 40)]
        two = [self.order(key) for key in range(40, 60)]
        self.put(folder, "2026-10-01", one)
        append(folder / "drops/2026-10-01/orders.csv", "too;short\r\n")
        self.put(folder, "2026-10-02", two)
        return Records([*one, *two], ["2026-10-01/orders.csv:54"])

    def grow(self, folder: Path) -> Records:
        more = [self.order(key) for key in range(60, 75)]
        self.put(folder, "2026-10-02", more[:10])
        append(folder / "drops/2026-10-02/orders.csv", "too;short;again\r\n")
        self.put(folder, "2026-10-03", more[10:])
        return Records(more, ["2026-10-02/orders.csv:42"])

    def empty(self, folder: Path) -> None:
        (folder / "drops").mkdir()

    def spoil(self, folder: Path) -> None:
        for name in ("2026-10-01/orders.csv", "2026-10-02/orders.csv"):
            (folder / "drops" / name).unlink()
        (folder / "drops/2026-10-01").rmdir()
        (folder / "drops/2026-10-02").rmdir()
        (folder / "drops").rmdir()

    def order(self, key: int) -> dict[str, object]:
        return {
            "id": key,
            "price": key / 4,
            "bought": date(2026, 1, 1) + timedelta(days=key),
            "paid": bool(key % 2),
            "note": f'no. {key},\n"ä"' if key % 3 == 0 else f"n{key}",
        }

    def put(self, folder: Path, day: str, orders: list[dict[str, object]]) -> None:
        path = folder / "drops" / day / "orders.csv"
        if not path.exists():
            append(path, "ID;Price;Bought;Paid;Note\r\n")
        for order in orders:
            plain = {**order, "price": f"{order['price']:.2f}", "paid": str(order["paid"]).lower()}
            append(path, ";".join('"{}"'.format(str(value).replace('"', '""')) for value in plain.values()) + "\r\n")


class TestCombinedLog(SourceContract):
    """A log that grows and is rotated by name."""

    source = FilesSource
    stream_options = {"files": "logs/access-*.log", "format": "combined"}
    types = {"requested_at": "timestamptz", "status": "long", "bytes": "long", "path": "string"}
    kills = ((2, "lake.quarantine.written"), (2, "run.load.committed"))

    @pytest.mark.long
    def test_crash(self, tmp_path: Path) -> None:
        super().test_crash(tmp_path)

    @pytest.mark.long
    def test_planning_is_light(self, tmp_path: Path) -> None:
        super().test_planning_is_light(tmp_path)

    def prepare(self, folder: Path) -> Records:
        self.log(folder, "a", range(10))
        append(folder / "logs/access-a.log", "not a line of a log\n")
        self.log(folder, "b", range(10, 15))
        return Records([self.request(number) for number in range(15)], ["logs/access-a.log:11"])

    def grow(self, folder: Path) -> Records:
        self.log(folder, "b", range(15, 18))
        append(folder / "logs/access-b.log", "nor this one\n")
        self.log(folder, "c", range(18, 20))
        return Records([self.request(number) for number in range(15, 20)], ["logs/access-b.log:9"])

    def empty(self, folder: Path) -> None:
        (folder / "logs").mkdir()

    def request(self, number: int) -> dict[str, object]:
        return {
            "client_ip": f"10.0.0.{number}",
            "user_name": "ann" if number % 2 else None,
            "requested_at": NOON + timedelta(seconds=number),
            "request": f"GET /p/{number}{self.query(number)} HTTP/1.1",
            "method": "GET",
            "path": f"/p/{number}",
            "query": f"q={number}" if number % 3 else None,
            "protocol": "HTTP/1.1",
            "status": 200 + number,
            "bytes": 3_000_000_000 + number if number % 4 else None,
            "referrer": "https://example.com/",
            "user_agent": r"Mozilla \"5.0\"",  # as the server escaped it
        }

    def query(self, number: int) -> str:
        return f"?q={number}" if number % 3 else ""

    def log(self, folder: Path, name: str, numbers: range) -> None:
        for number in numbers:
            at = (NOON + timedelta(seconds=number)).strftime("%d/%b/%Y:%H:%M:%S +0000")
            user = "ann" if number % 2 else "-"
            size = 3_000_000_000 + number if number % 4 else "-"
            line = (
                f'10.0.0.{number} - {user} [{at}] "GET /p/{number}{self.query(number)} HTTP/1.1" {200 + number} {size}'
            )
            append(folder / f"logs/access-{name}.log", line + ' "https://example.com/" "Mozilla \\"5.0\\""\n')

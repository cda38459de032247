"""Writing one day's delivery of the agency: the client list, the projects, the mails and the contracts."""

import csv
import gzip
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from lakesmith.simulate.agency.clients import client_at
from lakesmith.simulate.agency.papers import contract_bytes, mail_bytes
from lakesmith.simulate.agency.spelling import COLUMNS, company_name, contract_number, record_texts
from lakesmith.simulate.agency.world import Agency, Day, Project, days
from lakesmith.simulate.company import EPOCH_ORDINAL
from lakesmith.simulate.write import DeliveredFile, Delivery

if TYPE_CHECKING:
    import pyarrow as pa

STORE: Final = "data/store"
_SHAPES: Final = (("gz", "utf-8", ","), ("csv", "utf-8", ","), ("csv", "cp1252", ";"))
"""How the client list of a day is written: by the number of the day, over and over."""


def deliver_agency(agency: Agency, root: Path, day: int, *, store: str | None = None) -> Delivery:
    """Write the files of one day below `root`, over those that may stand there.

    Args:
        agency: Whose files.
        root: The project folder.
        day: Counts from 1.
        store: Where the projects go: a folder, or `s3://bucket/prefix` with keys and address in the environment, as the AWS
            tools have them. None means `data/store` below `root`.

    Raises:
        ValueError: If `day` is below 1.
    """
    if day < 1:
        message = f"Days count from 1, the date of the agency's start; there is no day {day}."
        raise ValueError(message)
    today = days(agency, day)[-1]
    dated = f"{agency.start + timedelta(days=day - 1)}"
    folder = root / "data" / "raw" / dated
    files = [_client_list(agency, folder, day, today), _projects(agency, dated, today, store or str(root / STORE))]
    for name, content in _papers(agency, day, today):
        path = folder / name
        _put(path, content)
        files.append(DeliveredFile(path, 1, 0, len(content)))
    return Delivery(day, tuple(files), {})


def client_texts(agency: Agency, day: int) -> list[list[str]]:
    """Return the fields of the rows of a day's client list, without those that are broken."""
    luck = Random(f"{agency.seed}/client list/{day}")
    return [record_texts(record, luck) for record in days(agency, day)[-1].records]


def _client_list(agency: Agency, folder: Path, day: int, today: Day) -> DeliveredFile:
    suffix, encoding, delimiter = _SHAPES[day % len(_SHAPES)]
    rows = client_texts(agency, day)
    rows.insert(len(rows) // 2, ["torn row", "DE"])
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n" if encoding == "cp1252" else "\n")
    writer.writerows([COLUMNS, *rows])
    content = text.getvalue().encode(encoding)
    path = folder / ("clients.csv.gz" if suffix == "gz" else "clients.csv")
    content = gzip.compress(content, mtime=0) if suffix == "gz" else content
    _put(path, content)
    return DeliveredFile(path, len(today.records) + 1, 1, len(content))


def _projects(agency: Agency, dated: str, today: Day, store: str) -> DeliveredFile:
    name, content = f"projects/{dated}.parquet", _parquet(agency, today, dated)
    if "://" not in store:
        path = Path(store) / name
        _put(path, content)
        return DeliveredFile(path, len(today.projects), 0, len(content))
    from pyarrow import fs

    far, prefix = fs.FileSystem.from_uri(store)
    with far.open_output_stream(f"{prefix}/{name}") as out:
        out.write(content)
    return DeliveredFile(Path(store) / name, len(today.projects), 0, len(content))


def _parquet(agency: Agency, today: Day, dated: str) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    luck = Random(f"{agency.seed}/projects/{dated}")
    rows = [_project_row(agency, project, luck) for project in today.projects]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, _project_schema()), out)
    return out.getvalue()


def _project_schema() -> "pa.Schema":
    import pyarrow as pa

    money, on = pa.decimal128(12, 2), pa.date32()
    columns: dict[str, pa.DataType] = dict.fromkeys(
        ("project_id", "client", "contract_no", "title", "status"), pa.string()
    )
    columns |= {"budget": money, "spent": money, "started_on": on, "due_on": on}
    return pa.schema({**columns, "updated_at": pa.timestamp("us", "UTC"), "team": pa.list_(pa.string())})


def _project_row(agency: Agency, project: Project, luck: Random) -> dict[str, Any]:
    if project.client is None:
        name = "Nobody We Know Ltd"
    else:
        client = client_at(agency.seed, project.client, project.started_on)
        name = company_name(client.name, client.legal_form, luck)
    return {
        "project_id": luck.choice((f"P{project.number:05d}", f"P-{project.number:05d}")),
        "client": name,
        "contract_no": None if project.contract is None else contract_number(project.contract, luck),
        "title": project.title,
        "status": luck.choice((project.status, project.status.upper())),
        "budget": Decimal(project.budget).scaleb(-2),
        "spent": Decimal(project.spent).scaleb(-2),
        "started_on": date.fromordinal(project.started_on + EPOCH_ORDINAL),
        "due_on": date.fromordinal(project.due_on + EPOCH_ORDINAL),
        "updated_at": datetime.fromtimestamp(project.updated_at * 60, tz=UTC),
        "team": list(project.team),
    }


def _papers(agency: Agency, day: int, today: Day) -> Iterator[tuple[str, bytes]]:
    luck = Random(f"{agency.seed}/papers/{day}")
    for mail in today.mails:
        yield f"mails/{mail.number:05d}.eml", mail_bytes(mail, luck)
    for number, contract in enumerate(today.contracts, 1):
        suffix = "docx" if contract.kind == "docx" else "pdf"
        yield f"contracts/{number:05d}.{suffix}", contract_bytes(contract, luck)


def _put(path: Path, content: bytes) -> None:
    """Write a file beside its place, which it then takes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)

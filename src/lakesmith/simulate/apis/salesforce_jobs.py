"""Query jobs of Bulk API 2.0: ordered, asked after, and fetched as CSV by a locator."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from lakesmith.simulate.apis.paging import page
from lakesmith.simulate.apis.salesforce_records import as_text, refusal
from lakesmith.simulate.apis.salesforce_soql import Record, Soql
from lakesmith.simulate.apis.serving import Answer, Asked

MOST_ROWS: Final = 50_000


@dataclass(slots=True)
class _Job:
    soql: Soql
    rows: Sequence[Record]
    operation: str
    polls_left: int = 1
    fails: bool = False


class Jobs:
    """The jobs of one organisation. A job is made when it was asked after twice, and holds the records as they were when it was ordered."""

    def __init__(self, version: str, page_rows: int) -> None:
        self._version, self._most = version, page_rows
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()

    def order(self, soql: Soql, rows: Sequence[Record], operation: str) -> Answer:
        """Return what is said to an order."""
        with self._lock:
            number = f"750{len(self._jobs):012d}AAA"
            self._jobs[number] = _Job(soql, rows, operation)
        return Answer.json(self._told(number, "UploadComplete"))

    def status(self, number: str, asked: Asked) -> Answer | None:
        """Return how a job is, None if there is none."""
        job = self._jobs.get(number)
        if job is None:
            return None
        if asked.is_spoilt("report_slow") and asked.fault is not None:
            job.polls_left = asked.fault.amount
        job.fails = job.fails or asked.is_spoilt("report_fails")
        if job.fails:
            reason = {"errorMessage": "QUERY_TIMEOUT: Your query request was running for too long."}
            return Answer.json(self._told(number, "Failed") | reason)
        state = "JobComplete" if job.polls_left <= 0 else "InProgress"
        job.polls_left -= 1
        return Answer.json(self._told(number, state))

    def results(self, number: str, asked: Asked) -> Answer | None:
        """Return some records of a job as CSV, None if there is no such job."""
        job = self._jobs.get(number)
        if job is None or asked.is_spoilt("report_expires"):
            self._jobs.pop(number, None)
            return None
        if job.polls_left >= 0:
            return refusal(400, "INVALIDJOBSTATE", "The job is not complete")
        size = min(int(asked.query.get("maxRecords", str(MOST_ROWS))), self._most)
        listed = page(job.rows, int(asked.query.get("locator", "0").partition(".")[0]), size, asked)
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(job.soql.fields)
        writer.writerows([as_text(row.get(field)) for field in job.soql.fields] for row in listed.rows)
        told = f"{listed.next}.{asked.number}" if asked.is_spoilt("empty_page") else str(listed.next)
        headers = {
            "Content-Type": "text/csv",
            "Sforce-Locator": "null" if listed.next is None else told,
            "Sforce-NumberOfRecords": str(len(listed.rows)),
        }
        return Answer(200, text.getvalue().encode(), headers)

    def _told(self, number: str, state: str) -> dict[str, Any]:
        job = self._jobs[number]
        said: dict[str, Any] = {
            "id": number,
            "operation": job.operation,
            "object": job.soql.object,
            "state": state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self._version[1:]),
            "lineEnding": "LF",
            "columnDelimiter": "COMMA",
        }
        done = {"numberRecordsProcessed": len(job.rows), "retries": 0, "totalProcessingTime": 120}
        return said | (done if state == "JobComplete" else {})

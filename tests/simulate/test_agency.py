"""What the agency writes down can be read by others, is the same every time, and means what it says."""

import csv
import email
import gzip
import io
import re
from datetime import date, timedelta
from decimal import Decimal
from email import policy
from pathlib import Path
from random import Random

import docx
import pyarrow.parquet as pq
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.simulate import agency as public
from lakesmith.simulate.__main__ import main
from lakesmith.simulate.agency import AGENCY_MARTS, Agency, agency_truth, deliver_agency
from lakesmith.simulate.agency import spelling as written
from lakesmith.simulate.agency.clients import HEADS, MIDDLES, Size, client_at, name_of
from lakesmith.simulate.agency.world import days

SMALL = Agency(scale=0.05)
LUCK = st.integers(0, 10_000).map(Random)
WORDS = {word: n for n, word in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], 1)}
WORDS |= {
    word: n
    for n, word in enumerate(
        ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"],
        10,
    )
}
TENS = {
    word: 10 * n
    for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("agency")
    for day in (1, 2, 3):
        deliver_agency(SMALL, folder, day)
    return folder


def test_equal_agencies_make_equal_bytes(root: Path, tmp_path: Path) -> None:
    for day in (3, 1, 2):
        deliver_agency(Agency(scale=0.05), tmp_path, day)
    assert files(tmp_path) == files(root)
    deliver_agency(Agency(scale=0.05, seed=8), tmp_path, 1)
    assert files(tmp_path) != files(root)


def test_each_day_writes_the_list_in_another_way(root: Path) -> None:
    first, second, third = sorted(root.glob("data/raw/*/clients*"))
    with pytest.raises(UnicodeDecodeError, match="utf-8"):
        second.read_text("utf-8")
    texts = [first.read_text("utf-8"), second.read_text("cp1252"), gzip.decompress(third.read_bytes()).decode()]
    for day, (text, delimiter) in enumerate(zip(texts, (",", ";", ","), strict=True), 1):
        header, *rows = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        assert header == list(written.COLUMNS)
        whole = [row for row in rows if len(row) == len(header)]
        assert len(whole) == len(rows) - 1 == len(days(SMALL, day)[-1].records)


def test_papers_open_in_other_readers(root: Path) -> None:
    mails = [email.message_from_bytes(path.read_bytes(), policy=policy.default) for path in root.rglob("*.eml")]
    attached = [part for mail in mails for part in mail.iter_attachments()]
    assert all(mail.get_body().get_content().startswith("Grüezi") for mail in mails)
    assert attached
    assert all(docx.Document(io.BytesIO(part.get_content())).paragraphs[0].text == "Notes" for part in attached)
    says = r"Agreement on design services\nContract No\. AG[ -]?20\d\d-?\d{4}\nClient: .+\nService: .+\nFee: .+\nSigned on: [\d.-]+"
    for path in root.rglob("*.docx"):
        assert re.fullmatch(says, "\n".join(one.text for one in docx.Document(str(path)).paragraphs))
    for path in root.rglob("*.pdf"):
        if path.stat().st_size > 100:
            assert re.fullmatch(says, pypdf.PdfReader(path).pages[0].extract_text().strip())


def test_projects_have_types(root: Path) -> None:
    table = pq.read_table(root / "data/store/projects/2026-10-01.parquet")
    assert [str(field.type) for field in table.schema] == [
        *["string"] * 5, *["decimal128(12, 2)"] * 2, *["date32[day]"] * 2, "timestamp[us, tz=UTC]", "list<element: string>",
    ]  # fmt: skip
    assert [Decimal(p.budget).scaleb(-2) for p in days(SMALL, 1)[0].projects] == table["budget"].to_pylist()


@given(
    amount=st.integers(1, 90_000).map(lambda n: n * 100_000), currency=st.sampled_from(["EUR", "USD", "GBP"]), luck=LUCK
)
def test_a_revenue_means_what_it_says(amount: int, currency: str, luck: Random) -> None:
    text = written._revenue(amount, currency, luck)
    unit = {"M": 10**6, "k": 10**3, "million": 10**6, "": 1}[
        re.search(r"\d(?: ?(M|k|million))?(?: |$|(?=$))", text)[1] or ""
    ]
    digits = re.sub(r"[^\d.,]", "", text)
    number = Decimal(digits if unit > 1 else re.sub(r"[.,]", "", digits))
    assert number * unit == amount
    marks = {"$": "USD", "USD": "USD", "£": "GBP", "GBP": "GBP", "€": "EUR", "EUR": "EUR"}
    assert next((code for mark, code in marks.items() if mark in text), "EUR") == currency


@given(count=st.integers(1, 3_000), kind=st.sampled_from(["exact", "about", "at_least", "range"]), luck=LUCK)
def test_a_number_of_employees_means_what_it_says(count: int, kind: str, luck: Random) -> None:
    size = Size(kind, count, {"at_least": None, "range": count + 7}.get(kind, count))
    text = written._size(size, luck).lower().replace(",", "")
    numbers = [int(number) for number in re.findall(r"\d+", text)] or [_worded(text)]
    assert numbers == ([count, count + 7] if kind == "range" else [count])
    said = (
        "about"
        if re.match("~|ca|approx", text)
        else "at_least"
        if "+" in text
        else "range"
        if len(numbers) > 1
        else "exact"
    )
    assert said == kind


def _worded(text: str) -> int:
    pieces = re.split("[ -]", text)
    return sum(TENS.get(piece, 0) + WORDS.get(piece, 0) for piece in pieces)


@given(number=st.integers(0, 36_500), luck=LUCK)
def test_a_day_has_two_spellings(number: int, luck: Random) -> None:
    on, text = date(1970, 1, 1) + timedelta(days=number), written.day(number, luck)
    assert text in {f"{on:%Y-%m-%d}", f"{on:%d.%m.%Y}"}


def test_names_tell_clients_apart_and_fit_every_encoding() -> None:
    names = [name_of(number).lower() for number in range(3 * len(HEADS) * len(MIDDLES))]
    assert len(set(names)) == len(names)
    assert all(name.upper().lower() == name for name in names)
    "".join(names).encode("cp1252")


def test_a_client_changes_now_and_then_and_keeps_its_name() -> None:
    seen = [client_at(7, 3, on) for on in range(20_000, 20_400, 10)]
    assert 3 <= len({(one.revenue, one.size) for one in seen}) <= 8
    assert len({(one.name, one.email, one.legal_form) for one in seen}) == 1


def test_the_truth_has_the_columns_it_names() -> None:
    for mart, rows in agency_truth(SMALL, 2).items():
        assert rows
        assert {len(row) for row in rows} == {len(AGENCY_MARTS[mart])}
        assert len({row[0] for row in rows}) == len(rows)


def test_an_agency_needs_clients_and_days() -> None:
    with pytest.raises(ValueError, match=r"must be above 0, and is 0"):
        Agency(scale=0)
    with pytest.raises(ValueError, match="there is no day 0"):
        deliver_agency(SMALL, Path(), 0)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = public.nothing


def test_the_command_line_takes_the_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        str(tmp_path),
        "--template",
        "agency",
        "--days",
        "2",
        "--scale",
        "0.05",
        "--store",
        str(tmp_path / "bucket"),
    ]
    main(words)
    assert capsys.readouterr().out.splitlines()[0].split()[:3] == ["day", "1", f"{len(days(SMALL, 1)[0].records) + 1}"]
    assert len(list(tmp_path.glob("bucket/projects/*.parquet"))) == 2
    assert not (tmp_path / "data/store").exists()

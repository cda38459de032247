"""Mails and contracts as files, made with nothing but the standard library; equal papers make equal bytes."""

import io
import zipfile
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from random import Random
from typing import Final
from xml.sax.saxutils import escape

from lakesmith.simulate.agency.spelling import company_name, contract_number, day, fee
from lakesmith.simulate.agency.world import Contract, Mail

_WORD: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_TYPES: Final = (
    f'<?xml version="1.0" encoding="UTF-8"?><Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_MAIN_TYPE}"/></Types>'
)
_RELATIONS: Final = (
    f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
)
_DOCX: Final = ("application", "vnd.openxmlformats-officedocument.wordprocessingml.document")
_MADE_AT: Final = (2026, 1, 1, 0, 0, 0)


def mail_bytes(mail: Mail, luck: Random) -> bytes:
    """Return a mail as it lies in a mailbox; what it mentions stands in its subject, its text, or its attachment."""
    number = contract_number(mail.contract, luck).upper() if mail.contract else None
    inside = mail.attached and number is not None
    message = EmailMessage(policy=SMTP)
    said = f" {number}" if number and not inside else ""
    in_subject = luck.random() < 0.5  # noqa: PLR2004
    message["From"] = luck.choice((mail.sender, f"Märit Übel <{mail.sender}>", mail.sender.upper()))
    message["To"] = mail.recipient
    message["Subject"] = f"Re: {mail.service}{said if in_subject else ''}"
    message["Date"] = format_datetime(datetime.fromtimestamp(mail.sent_at * 60, tz=UTC))
    message["Message-ID"] = f"<{mail.sent_at}.{mail.number}@agency.example>"
    message.set_content(f"Grüezi,\n\nabout{said if not in_subject else ''} the {mail.service}: see you soon.\n")
    if mail.attached:
        words = ["Notes", f"Concerns contract {number}"] if inside else ["Notes", "Nothing new"]
        message.add_attachment(docx_bytes(words), maintype=_DOCX[0], subtype=_DOCX[1], filename="notes.docx")
        message.set_boundary(f"=={mail.sent_at}.{mail.number}==")
    return message.as_bytes()


def contract_bytes(contract: Contract, luck: Random) -> bytes:
    """Return a contract as a file."""
    if contract.kind == "broken":
        return b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog"
    engagement, client = contract.engagement, contract.client
    lines = [
        "Agreement on design services",
        f"Contract No. {contract_number(engagement.contract, luck).upper()}",
        f"Client: {company_name(client.name, client.legal_form, luck, proper=True).strip()}",
        f"Service: {engagement.service}",
        f"Fee: {fee(engagement.fee, luck)}",
        f"Signed on: {day(contract.signed_on, luck)}",
    ]
    return docx_bytes(lines) if contract.kind == "docx" else pdf_bytes(lines)


def docx_bytes(lines: list[str]) -> bytes:
    """Return a Word document with one paragraph per line."""
    body = "".join(f"<w:p><w:r><w:t>{escape(line)}</w:t></w:r></w:p>" for line in lines)
    main = f'<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    parts = {"[Content_Types].xml": _TYPES, "_rels/.rels": _RELATIONS, "word/document.xml": main}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _MADE_AT), content.encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def pdf_bytes(lines: list[str]) -> bytes:
    """Return a PDF of one page with one line of text under the other, in the letters of cp1252."""
    said = b"".join(b"(" + _pdf_text(line) + b") Tj T* " for line in lines)
    content = b"BT /F1 11 Tf 14 TL 72 770 Td " + said + b"ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return out + head + end


def _pdf_text(line: str) -> bytes:
    return line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")

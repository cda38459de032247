"""Documents made for tests, byte by byte or by libraries that our readers do not use."""

import io
import itertools
import struct
import zipfile

import docx
import pypdf

WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
GRID = "urn:oasis:names:tc:opendocument:xmlns:table:1.0"


def zipped(parts, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def word(*paragraphs):
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def bare_word(body, before=""):
    xml = f'<?xml version="1.0"?>{before}<w:document xmlns:w="{WORDS}"><w:body>{body}</w:body></w:document>'
    return zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": xml})


def open_text(body, **parts):
    spaces = f'xmlns:office="{OFFICE}" xmlns:text="{TEXT}" xmlns:table="{GRID}"'
    xml = f"<office:document-content {spaces}><office:body><office:text>{body}</office:text></office:body></office:document-content>"
    return zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": xml, **parts})


def pdf(*pages, **options):
    """A PDF with a line of text on each page; `password` encrypts it, `attached` are files inside it."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for text in pages:
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        resources = "<< /Font << /F1 3 0 R >> >>"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R /Resources {resources} >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n"
    )
    made = out + f"{end}startxref\n{len(out)}\n%%EOF\n".encode()
    return _rewritten(made, **options) if options else made


def _rewritten(content, password=None, attached=None):
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(content))
    for name, inside in (attached or {}).items():
        writer.add_attachment(name, inside)
    if password is not None:
        writer.encrypt(password, "owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def multipart(subject, text, *parts):
    """A mail with attachments, each (name, content type, bytes), or a mail itself."""
    from email.message import EmailMessage

    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = subject, "Ann <ann@example.com>", "bob@example.com, Cy <cy@example.com>"
    mail.set_content(text)
    for part in parts:
        if isinstance(part, EmailMessage):
            mail.add_attachment(part)
        else:
            name, kind, content = part
            mail.add_attachment(content, *kind.split("/"), filename=name)
    return mail


def compound(tree):
    """A compound file (version 3) of small streams: a tree of folders, bytes at its leaves."""
    entries, mini = [], io.BytesIO()

    def add(name, node, kind):
        place = len(entries)
        entries.append([name, kind, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0])
        if isinstance(node, bytes):
            entries[place][4:] = [mini.tell() // 64 if node else 0xFFFFFFFE, len(node)]
            mini.write(node + b"\x00" * (-len(node) % 64))
        else:
            inside = [add(one, node[one], 2 if isinstance(node[one], bytes) else 1) for one in sorted(node)]
            entries[place][3] = inside[0] if inside else 0xFFFFFFFF
            for left, right in itertools.pairwise(inside):
                entries[left][2] = right
        return place

    add("Root Entry", tree, 5)
    small = mini.getvalue()
    # a chain of 64-byte pieces for each stream; empty streams have none
    chains = [0xFFFFFFFF] * (len(small) // 64)
    for _, kind, _, _, start, size in entries:
        if kind == 2 and size:
            last = start + (size - 1) // 64
            chains[start : last + 1] = [*range(start + 1, last + 1), 0xFFFFFFFE]
    directory = b"".join(_entry(*entry) for entry in entries[1:])
    table = b"".join(struct.pack("<I", one) for one in chains)
    sizes = [-(-size // 512) for size in (len(directory) + 128, len(table), len(small))]
    starts = [1, 1 + sizes[0], 1 + sizes[0] + sizes[1]]
    root = _entry("Root Entry", 5, 0xFFFFFFFF, entries[0][3], starts[2], len(small))
    sectors = [0xFFFFFFFD]
    for size in sizes:
        sectors += [*range(len(sectors) + 1, len(sectors) + size), 0xFFFFFFFE]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<IIIIIIIII", 0, 1, starts[0], 0, 4096, starts[1], sizes[1], 0xFFFFFFFE, 0)
    head += struct.pack("<I", 0) + b"\xff" * 4 * 108
    parts = [b"".join(struct.pack("<I", one) for one in sectors).ljust(512, b"\xff"), root + directory, table, small]
    return head + b"".join(part + b"\x00" * (-len(part) % 512) for part in parts)


def _entry(name, kind, right, child, start, size):
    spelled = name.encode("utf-16-le") + b"\x00\x00"
    fields = struct.pack("<HBBIII", len(spelled), kind, 1, 0xFFFFFFFF, right, child)
    return spelled.ljust(64, b"\x00") + fields + bytes(36) + struct.pack("<IQ", start, size)


def properties(header, *, narrow=False, fixed=(), **values):
    """The streams of a message, recipient or attachment; values are named `p0037`, text or bytes."""
    made = {"__properties_version1.0": bytes(header) + b"".join(struct.pack("<HHI8s", *one) for one in fixed)}
    for name, value in values.items():
        kind = "0102" if isinstance(value, bytes) else "001E" if narrow else "001F"
        content = value if isinstance(value, bytes) else value.encode("cp1251" if narrow else "utf-16-le")
        made[f"__substg1.0_{name[1:]}{kind}"] = content
    return made

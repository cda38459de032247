"""What a load of one file yields, straight from the source."""

from lakesmith.model.streams import Ask


def chunks_of(delivery, name: str, content: bytes | str, **options: object) -> list:
    """Return the chunks that a load of one file yields, the row law checked for every one."""
    delivery.put(name, content)
    stream = delivery.stream(name, **options)
    source = delivery.source(stream)
    found = [chunk for split in source.splits(stream, Ask()) for chunk in source.read(stream, split, Ask())]
    for chunk in found:
        assert chunk.counted == chunk.rows.num_rows + len(chunk.rejects)
    return found


def read(delivery, name: str, content: bytes | str, **options: object) -> tuple[list[dict], list]:
    """Return the rows and rejects that a load of one file yields."""
    found = chunks_of(delivery, name, content, **options)
    return [row for chunk in found for row in chunk.rows.to_pylist()], [
        each for chunk in found for each in chunk.rejects
    ]


def filled(row: dict) -> dict:
    """Return a row without what is null."""
    return {name: value for name, value in row.items() if value is not None}

"""Loads of a stream with a cursor, one after the other."""

from dataclasses import replace

from reading_tables import opened, read_all, rows_of


class Reading:
    """Loads one after the other: what each of them brought, and where the stream is."""

    def __init__(self, url, *, columns=None, **options):
        self.url, self.columns, self.options, self.position = url, columns or {}, options, None

    def __call__(self):
        with opened(self.url, **self.options) as (source, spec):
            chunks, self.position = read_all(source, replace(spec, columns=self.columns), self.position)
        for chunk in chunks:
            assert chunk.counted in (0, chunk.rows.num_rows + chunk.held)
        self.held = sum(chunk.held for chunk in chunks)
        self.notices = [notice for chunk in chunks for notice in chunk.notices]
        return rows_of(chunks)

"""What the variables of nginx and the directives of Apache are called here, and what they mean."""

from __future__ import annotations

from lakesmith.sources.files.formats.logs.kinds import CLF, EPOCH, ISO, NUMBER, OPEN, TEXT, WHOLE, Kind

NGINX: dict[str, tuple[str, Kind]] = {
    "time_iso8601": ("requested_at", ISO),
    "time_local": ("requested_at", CLF),
    "msec": ("requested_at", EPOCH),
    "remote_addr": ("client_ip", TEXT),
    "remote_port": ("client_port", WHOLE),
    "remote_user": ("user_name", TEXT),
    "request": ("request", TEXT),
    "request_method": ("method", TEXT),
    "request_uri": ("request_uri", TEXT),
    "uri": ("uri", TEXT),
    "args": ("query", TEXT),
    "query_string": ("query", TEXT),
    "server_protocol": ("protocol", TEXT),
    "status": ("status", WHOLE),
    "body_bytes_sent": ("bytes", WHOLE),
    "bytes_sent": ("bytes_sent", WHOLE),
    "request_length": ("received_bytes", WHOLE),
    "request_time": ("request_time_s", NUMBER),
    "http_referer": ("referrer", TEXT),
    "http_user_agent": ("user_agent", TEXT),
    "host": ("host", TEXT),
    "scheme": ("scheme", TEXT),
    "server_port": ("port", WHOLE),
    "connection": ("connection", WHOLE),
    "connection_requests": ("connection_requests", WHOLE),
    **{
        name: (name, TEXT)
        for name in ("http_host", "server_name", "server_addr", "http_x_forwarded_for", "request_id", "ssl_protocol")
    },
    **{name: (name, TEXT) for name in ("ssl_cipher", "upstream_addr", "upstream_status", "upstream_cache_status")},
    **{
        f"upstream_{name}": (f"upstream_{name}", TEXT)  # one value for each server that was asked: `0.1, 0.2`
        for name in ("response_time", "connect_time", "header_time", "response_length")
    },
}
"""Of two variables that would have the same name, the one that stands first here takes it."""

APACHE: dict[str, tuple[str, Kind]] = {
    "h": ("client_ip", TEXT),
    "a": ("client_ip", TEXT),
    "l": ("identity", TEXT),
    "u": ("user_name", TEXT),
    "t": ("requested_at", CLF),
    "r": ("request", TEXT),
    "s": ("status", WHOLE),
    "b": ("bytes", WHOLE),
    "B": ("bytes", WHOLE),
    "I": ("received_bytes", WHOLE),
    "O": ("bytes_sent", WHOLE),
    "D": ("request_time_us", WHOLE),
    "T": ("request_time_s", NUMBER),
    "v": ("host", TEXT),
    "V": ("host", TEXT),
    "p": ("port", WHOLE),
    "P": ("pid", WHOLE),
    "m": ("method", TEXT),
    "U": ("path", TEXT),
    "q": ("query", TEXT),
    "H": ("protocol", TEXT),
    "k": ("connection_requests", WHOLE),
    "X": ("connection_state", TEXT),
    "{Referer}i": ("referrer", TEXT),
    "{User-Agent}i": ("user_agent", TEXT),
}


def called(name: str) -> str:
    """Return a name as a column is called.

    Examples:
        >>> called("cs(X-Forwarded-For)")
        'cs_x_forwarded_for'
    """
    words = "".join(letter if letter.isalnum() else " " for letter in name).split()
    return "_".join(words).lower()


def column_of(name: str, table: dict[str, tuple[str, Kind]], taken: set[str]) -> tuple[str, Kind]:
    """Return column and kind of a variable; one that is not in the table is text whose type is learned."""
    column, kind = table.get(name, (called(name) or "column", OPEN))
    if column in taken and name in table:
        column = called(name) or column
    base, number = column, 2
    while column in taken:
        column, number = f"{base}_{number}", number + 1
    taken.add(column)
    return column, kind

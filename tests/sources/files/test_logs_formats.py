"""Logs of load balancers, proxies and buckets: lines as the formats are documented, and what each field becomes."""

from datetime import UTC, datetime, timedelta

import pytest
from file_reading import filled, read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ALB = (
    "https 2018-07-02T22:23:00.186641Z app/lb/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 204 12 57 "
    '"GET https://www.example.com:443/a/b?c=d&e=%20 HTTP/2.0" "curl/7.46.0 \\"x\\"" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 '
    'arn:aws:elasticloadbalancing:us-east-2:1:targetgroup/t/73e2 "Root=1-58337281-1d84"'
)
ALB_LATER = (
    ' "www.example.com" "arn:aws:acm:us-east-2:1:certificate/12" 1 2018-07-02T22:22:48.364000Z "waf,forward" '
    '"https://e.com:443/" "TargetError" "10.0.0.1:80 10.0.0.2:80" "200 -" "Ambiguous" "UriSpace" TID_1 "h.com" "/u" "TransformOk"'
)
ELB = (
    "2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 201 0 29 "
    '"GET http://www.example.com:80/ HTTP/1.1"'
)
S3 = (
    "79a5 bucket [06/Feb/2019:00:00:38 +0000] 192.0.2.3 arn:aws:iam::1:user/ann 3E57 REST.GET.OBJECT photos/a%2520b.jpg "
    '"GET /bucket/photos/a%20b.jpg?x-id=GetObject HTTP/1.1" 404 NoSuchKey 113 2662992 7 6 "http://r.com/" "S3Console/0.4" '
    "3HL4 s9lz= SigV4 ECDHE-RSA-AES128 AuthHeader bucket.s3.amazonaws.com TLSV1.2 arn:aws:s3:us-west-1:1:accesspoint/ap Yes"
)
SYSLOG = "Feb  6 12:14:14 localhost haproxy[14389]: "
HAPROXY = (
    "10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in~ static/srv1 10/0/30/69/109 200 +2750 - c=1 ---- 1/2/3/4/+5 6/7 "
    '{1wt.eu|Mozilla/5.0 (X11)} {nginx} "GET /index.html?a=1 HTTP/1.1"'
)


ALB_ROW = {
    "type": "https", "requested_at": datetime(2018, 7, 2, 22, 23, 0, 186641, UTC), "elb": "app/lb/50dc6c495c0c9188",
    "client_ip": "192.168.131.39", "client_port": 2817, "target_ip": "10.0.0.1", "target_port": 80, "request_time_s": 0.086,
    "target_time_s": 0.048, "response_time_s": 0.037, "status": 200, "target_status": 204, "received_bytes": 12, "bytes": 57,
    "request": "GET https://www.example.com:443/a/b?c=d&e=%20 HTTP/2.0", "method": "GET", "scheme": "https",
    "host": "www.example.com:443", "path": "/a/b", "query": "c=d&e=%20", "protocol": "HTTP/2.0", "user_agent": 'curl/7.46.0 \\"x\\"',
    "tls_cipher": "ECDHE-RSA-AES128-GCM-SHA256", "tls_protocol": "TLSv1.2",
    "target_group_arn": "arn:aws:elasticloadbalancing:us-east-2:1:targetgroup/t/73e2", "trace_id": "Root=1-58337281-1d84",
}  # fmt: skip
ALB_LATER_ROW = {
    "domain_name": "www.example.com", "chosen_certificate_arn": "arn:aws:acm:us-east-2:1:certificate/12", "matched_rule_priority": 1,
    "request_created_at": datetime(2018, 7, 2, 22, 22, 48, 364000, UTC), "actions_executed": "waf,forward",
    "redirect_url": "https://e.com:443/", "error_reason": "TargetError", "target_list": "10.0.0.1:80 10.0.0.2:80",
    "target_status_list": "200 -", "classification": "Ambiguous", "classification_reason": "UriSpace", "connection_trace_id": "TID_1",
    "transformed_host": "h.com", "transformed_uri": "/u", "transform_status": "TransformOk",
}  # fmt: skip
ELB_ROW = {
    "requested_at": datetime(2015, 5, 13, 23, 39, 43, 945958, UTC), "elb": "my-loadbalancer", "client_ip": "192.168.131.39",
    "client_port": 2817, "target_ip": "10.0.0.1", "target_port": 80, "request_time_s": 0.000073, "target_time_s": 0.001048,
    "response_time_s": 0.000057, "status": 200, "target_status": 201, "received_bytes": 0, "bytes": 29,
    "request": "GET http://www.example.com:80/ HTTP/1.1", "method": "GET", "scheme": "http", "host": "www.example.com:80", "path": "/",
    "protocol": "HTTP/1.1",
}  # fmt: skip
S3_ROW = {
    "bucket_owner": "79a5", "bucket": "bucket", "requested_at": datetime(2019, 2, 6, 0, 0, 38, tzinfo=UTC), "client_ip": "192.0.2.3",
    "requester": "arn:aws:iam::1:user/ann", "request_id": "3E57", "operation": "REST.GET.OBJECT", "key": "photos/a%2520b.jpg",
    "request": "GET /bucket/photos/a%20b.jpg?x-id=GetObject HTTP/1.1", "method": "GET", "path": "/bucket/photos/a%20b.jpg",
    "query": "x-id=GetObject", "protocol": "HTTP/1.1", "status": 404, "error_code": "NoSuchKey", "bytes": 113,
    "object_bytes": 2662992, "total_time_ms": 7, "turn_around_ms": 6, "referrer": "http://r.com/", "user_agent": "S3Console/0.4",
    "version_id": "3HL4", "host_id": "s9lz=", "signature": "SigV4", "tls_cipher": "ECDHE-RSA-AES128", "authentication": "AuthHeader",
    "host": "bucket.s3.amazonaws.com", "tls_protocol": "TLSV1.2", "access_point_arn": "arn:aws:s3:us-west-1:1:accesspoint/ap",
    "acl_required": "Yes",
}  # fmt: skip
HAPROXY_ROW = {
    "client_ip": "10.0.1.2", "client_port": 33317, "requested_at": datetime(2009, 2, 6, 12, 14, 14, 655000, UTC), "frontend": "http-in",
    "tls": "~", "backend": "static", "server": "srv1", "request_time_ms": 10, "queue_time_ms": 0, "connect_time_ms": 30,
    "response_time_ms": 69, "total_time_ms": 109, "status": 200, "bytes": 2750, "response_cookie": "c=1", "termination_state": "----",
    "process_connections": 1, "frontend_connections": 2, "backend_connections": 3, "server_connections": 4, "retries": 5,
    "server_queue": 6, "backend_queue": 7, "captures": "1wt.eu|Mozilla/5.0 (X11)", "more_captures": "nginx",
    "request": "GET /index.html?a=1 HTTP/1.1", "method": "GET", "path": "/index.html", "query": "a=1", "protocol": "HTTP/1.1",
}  # fmt: skip
SYSLOG_ROW = {"log_host": "localhost", "program": "haproxy", "pid": 14389}


def without(row: dict, *names: str) -> dict:
    return {name: value for name, value in row.items() if name not in names}


LINES = [
    ("alb", ALB + ALB_LATER, {**ALB_ROW, **ALB_LATER_ROW}),
    ("alb", ALB, ALB_ROW),
    ("alb", ALB + ' "www.example.com" "-"', {**ALB_ROW, "domain_name": "www.example.com"}),
    ("alb", ALB + ALB_LATER + ' new "and newer"', {**ALB_ROW, **ALB_LATER_ROW, "more": 'new "and newer"'}),
    ("alb", ALB.replace("192.168.131.39", "[2001:db8::7]"), {**ALB_ROW, "client_ip": "2001:db8::7"}),
    ("alb", ALB.replace("10.0.0.1:80", "-").replace(" 204 ", " - "), without(ALB_ROW, "target_ip", "target_port", "target_status")),
    ("alb", ALB.replace('\\"x\\"', 'a "b" c'), {**ALB_ROW, "user_agent": 'curl/7.46.0 a "b" c'}),
    ("alb", ALB.replace("GET https://www.example.com:443/a/b?c=d&e=%20 HTTP/2.0", "- http://e.com:80- -"),
        {**without(ALB_ROW, "method", "scheme", "host", "path", "query", "protocol"), "request": "- http://e.com:80- -"}),
    ("elb", ELB, ELB_ROW),
    ("elb", ELB + ' "curl/7.38.0" DHE-RSA-AES128-SHA TLSv1.2',
        {**ELB_ROW, "user_agent": "curl/7.38.0", "tls_cipher": "DHE-RSA-AES128-SHA", "tls_protocol": "TLSv1.2"}),
    ("elb", ELB.replace("GET http://www.example.com:80/ HTTP/1.1", "- - - ") + ' "-" - -',
        {**without(ELB_ROW, "method", "scheme", "host", "path", "protocol"), "request": "- - - "}),
    ("s3_access", S3, S3_ROW),
    ("s3_access", S3.removesuffix(" arn:aws:s3:us-west-1:1:accesspoint/ap Yes"), without(S3_ROW, "access_point_arn", "acl_required")),
    ("s3_access", S3 + " us-west-1 later", {**S3_ROW, "more": "us-west-1 later"}),
    ("s3_access", S3.replace("S3Console/0.4", 'Moz "x" y'), {**S3_ROW, "user_agent": 'Moz "x" y'}),
    ("s3_access", S3.replace('"http://r.com/"', "-").replace('"GET /bucket/photos/a%20b.jpg?x-id=GetObject HTTP/1.1"', "-"),
        without(S3_ROW, "referrer", "request", "method", "path", "query", "protocol")),
    ("haproxy", SYSLOG + HAPROXY, {**SYSLOG_ROW, **HAPROXY_ROW}),
    ("haproxy", HAPROXY, HAPROXY_ROW),
    ("haproxy", f"<134>1 2009-02-06T12:14:14Z localhost haproxy 14389 - - {HAPROXY}", {**SYSLOG_ROW, **HAPROXY_ROW}),
    ("haproxy", HAPROXY.replace(" {1wt.eu|Mozilla/5.0 (X11)} {nginx}", ""), without(HAPROXY_ROW, "captures", "more_captures")),
    ("haproxy", HAPROXY.replace("GET /index.html?a=1 HTTP/1.1", "<BADREQ>").replace("109 200", "109 -1").replace("10/0", "-1/-1"),
        {**without(HAPROXY_ROW, "method", "path", "query", "protocol", "status"), "request": "<BADREQ>", "request_time_ms": -1,
            "queue_time_ms": -1}),
    ("haproxy", HAPROXY.replace("10.0.1.2", "2001:db8::1"), {**HAPROXY_ROW, "client_ip": "2001:db8::1"}),
]  # fmt: skip


@pytest.mark.few(18)
@pytest.mark.parametrize(("format_", "line", "expected"), LINES)
@pytest.mark.parametrize("is_named", [True, False])
def test_a_line_in_full(delivery, format_, line, expected, is_named) -> None:
    rows, rejects = read(delivery, "w.log", f"{line}\n", **({"format": format_} if is_named else {}))
    assert rejects == []
    assert [filled(row) for row in rows] == [expected]


@pytest.mark.parametrize(
    ("format_", "line", "reason"),
    [
        ("alb", ALB.replace("2018-07-02T22", "2018-02-30T22"), "the line has a time that does not exist"),
        ("alb", ALB.replace(" 57 ", " x "), "the line is not in the access log format of an Application Load Balancer"),
        ("alb", ALB.rpartition(" ")[0], "the line is not in the access log format of an Application Load Balancer"),
        ("elb", ELB.rstrip('"'), "the line is not in the access log format of a Classic Load Balancer"),
        ("s3_access", S3.replace("06/Feb/2019:00", "06/Feb/2019:24"), "the line has a time that does not exist"),
        ("haproxy", "Proxy http-in started.", "the line is not in the HTTP log format of HAProxy"),
        ("haproxy", HAPROXY.replace("06/Feb", "31/Feb"), "the line has a time that does not exist"),
    ],
)
def test_a_line_out_of_format_waits(delivery, format_, line, reason) -> None:
    good = next(text for name, text, _ in LINES if name == format_)
    rows, rejects = read(delivery, "w.log", f"{good}\n\n{line}\n{good}\n", format=format_)
    assert len(rows) == 2
    assert [(told.reason, told.where, told.raw) for told in rejects] == [(reason, "w.log:3", line)]


@pytest.mark.parametrize(
    ("clock", "zone", "utc"),
    [
        ("29/Mar/2026:01:59:59.999", "Europe/Berlin", datetime(2026, 3, 29, 0, 59, 59, 999000, UTC)),
        ("29/Mar/2026:02:30:00.000", "Europe/Berlin", None),
        ("29/Mar/2026:03:00:00.000", "Europe/Berlin", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("25/Oct/2026:02:30:00.000", "Europe/Berlin", None),
        ("25/Oct/2026:03:00:00.000", "Europe/Berlin", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        ("29/Mar/2026:02:30:00.000", "UTC", datetime(2026, 3, 29, 2, 30, tzinfo=UTC)),
    ],
)
def test_times_of_a_clock_without_offset(delivery, clock, zone, utc) -> None:
    line = HAPROXY.replace("06/Feb/2009:12:14:14.655", clock)
    rows, rejects = read(delivery, "w.log", f"{line}\n", format="haproxy", time_zone=zone)
    assert [row["requested_at"] for row in rows] == ([utc] if utc else [])
    fault = f"the line has a time that does not exist in {zone}, or exists twice, when clocks are set back"
    assert [told.reason for told in rejects] == ([] if utc else [fault])


@pytest.mark.parametrize("hours", [1, 2])
def test_offsets_around_a_change_of_clocks(delivery, hours) -> None:
    line = f'1.1.1.1 - - [25/Oct/2026:02:30:00 +0{hours}00] "GET / HTTP/3" 200 1 "-" "-"\n'
    ((row,), rejects) = read(delivery, "w.log", line)
    assert (row["requested_at"], row["protocol"], rejects) == (
        datetime(2026, 10, 25, 2, 30, tzinfo=UTC) - timedelta(hours=hours),
        "HTTP/3",
        [],
    )


def test_the_virtual_host_stands_before_the_line(delivery) -> None:
    line = '{}:443 1.1.1.1 - ann [25/Oct/2026:02:30:00 +0100] "GET /a HTTP/1.1" 200 1 "-" "x"\n'
    rows, rejects = read(delivery, "w.log", line.format("www.example.com") + line.format("[::1]"))
    assert [(row["host"], row["port"], row["client_ip"], row["user_name"], row["path"]) for row in rows] == [
        ("www.example.com", 443, "1.1.1.1", "ann", "/a"),
        ("[::1]", 443, "1.1.1.1", "ann", "/a"),
    ]
    assert rejects == []


@pytest.mark.few(1)
@pytest.mark.parametrize(
    ("format_", "line"), [("alb", ALB + ALB_LATER), ("s3_access", S3), ("elb", ELB + ' "x" - TLSv1.2')]
)
def test_the_first_part_of_a_line_is_no_line(delivery, format_, line) -> None:
    """A file may be caught half-way: whatever its last line lost, the whole line comes once, later."""
    stream = delivery.stream("w.log", format=format_)
    for length in (*range(40, len(line), 37), len(line) - 1, len(line)):
        delivery.put("w.log", f"{line}\n{line[:length]}")
        first = delivery.load(stream)
        delivery.put("w.log", f"{line}\n{line}\n")
        second = delivery.load(stream, first.position)
        assert len(first.rows) + len(second.rows) == 2
        assert set(first.rows + second.rows) == {first.rows[0]}
        assert [told.reason for told in first.rejects] == ["the file ends in the middle of a record"]


@pytest.mark.long
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    st.sampled_from([(name, line) for name, line, _ in LINES]),
    st.lists(st.tuples(st.integers(0, 700), st.sampled_from([b"", b'"', b"-", b" ", b"\\", b"9" * 30, b"\xff", b"\0", b"\r", b"[", b"{", b":"]))),
    st.booleans(),
)  # fmt: skip
def test_a_line_that_was_damaged_is_a_row_or_a_reject(delivery, sample, damages, is_named) -> None:
    format_, line = sample
    raw = line.encode()
    for at, piece in damages:
        raw = raw[:at] + piece + raw[at + 1 :]
    good = line.encode()
    delivery.put("w.log", b"\n".join([good, raw, good, b""]))
    loaded = delivery.load(delivery.stream("w.log", **({"format": format_} if is_named else {})))
    assert loaded.counted == len(loaded.rows) + len(loaded.rejects) == 2 + bool(raw.strip(b"\r"))
    assert len(loaded.rows) >= 2
    assert [told.raw.encode("utf-8", "surrogateescape") for told in loaded.rejects] in ([], [raw.rstrip(b"\r")])

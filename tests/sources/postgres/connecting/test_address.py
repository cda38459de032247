import pytest

from lakesmith.errors import ConnectorOptionsError
from lakesmith.sources.postgres.connecting.address import Address

SECRET = "p@ss/w:rd#%"
ENCODED = "p%40ss%2Fw%3Ard%23%25"


@pytest.mark.parametrize(
    ("url", "parts", "expected"),
    [
        ("postgresql://me@db.example.com/shop", {}, ("db.example.com", 5432, "shop", "me", None)),
        (f"postgres://me:{ENCODED}@db:6000/shop", {}, ("db", 6000, "shop", "me", SECRET)),
        ("postgresql+psycopg://me@db/shop", {}, ("db", 5432, "shop", "me", None)),
        ("postgresql://me@[fe80::1]:5433/shop", {}, ("fe80::1", 5433, "shop", "me", None)),
        ("postgresql:///shop?host=/var/run/postgresql", {}, ("/var/run/postgresql", 5432, "shop", None, None)),
        ("postgresql://%2Ftmp/sh%C3%B6p", {}, ("/tmp", 5432, "shöp", None, None)),
        ("host=db dbname='my shop' user=me", {}, ("db", 5432, "my shop", "me", None)),
        (None, {"host": "db", "database": "shop", "port": 1, "password": SECRET}, ("db", 1, "shop", None, SECRET)),
        ("postgresql://me:a@db/shop", {"host": "other", "password": "b"}, ("other", 5432, "shop", "me", "b")),
    ],
)
def test_an_address_is_read_from_a_url_and_single_options(url, parts, expected):
    found = Address.of(url, parts)

    assert (found.host, found.port, found.database, found.user, found.password) == expected


def test_both_drivers_get_every_keyword_with_ours_only_where_none_was_said():
    from psycopg.conninfo import conninfo_to_dict

    address = Address.of(
        f"postgresql://me:{ENCODED}@db/shop?sslmode=require&keepalives_idle=5", {"sslmode": "verify-full"}
    )

    assert conninfo_to_dict(address.conninfo({"keepalives_idle": "30", "keepalives": "1"}, client_encoding="UTF8")) == {
        "host": "db",
        "port": "5432",
        "dbname": "shop",
        "user": "me",
        "password": SECRET,
        "sslmode": "verify-full",
        "keepalives_idle": "5",
        "keepalives": "1",
        "client_encoding": "UTF8",
    }


def test_through_a_tunnel_the_name_of_the_host_stays_for_tls():
    from psycopg.conninfo import conninfo_to_dict

    near = Address.of("postgresql://me@db.example.com:6000/shop", {}).through(45678)
    said = conninfo_to_dict(near.conninfo({}))

    assert (said["host"], said["hostaddr"], said["port"]) == ("db.example.com", "127.0.0.1", "45678")


def test_neither_text_nor_repr_show_user_or_password():
    address = Address.of(f"postgresql://someone:{ENCODED}@[::1]/shop?sslpassword=hidden-word", {})

    assert str(address) == "[::1]:5432/shop"
    assert SECRET not in repr(address)
    assert "hidden-word" not in repr(address)


@pytest.mark.parametrize(
    ("url", "parts", "said"),
    [
        ("mysql://me:hidden-word@db/shop", {}, "does not begin with postgresql"),
        ("jdbc:postgresql://db/shop?password=hidden-word", {}, "does not begin with postgresql"),
        ("postgresql://me:hidden-word@db:port/shop", {}, "is no number"),
        ("postgresql://me:hidden-word@db/shop?schema=x&pgbouncer=true", {}, "does not know: pgbouncer, schema"),
        ("postgresql://me:hidden-word%@db/shop", {}, "cannot be understood.*%40"),
        ("postgresql://me:hidden-word@a,b/shop", {}, "several hosts.*`replica:`"),
        ("postgresql://me:hidden-word@db", {}, "names no database"),
        ("postgresql:///shop", {}, "names no host"),
        ("service=shop", {}, "cannot say `service`"),
        (None, {}, "names no host"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_its_words(url, parts, said):
    with pytest.raises(ConnectorOptionsError, match=f"(?s){said}") as caught:
        Address.of(url, parts, "lakesmith.yml:4")

    assert "hidden-word" not in str(caught.value)
    assert "lakesmith.yml:4" in str(caught.value)
    assert caught.value.__cause__ is None

"""Any name makes a file name of its own, below the lake and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakesmith.errors import ConfigError
from lakesmith.lake.catalogs.opening import refuse_network
from lakesmith.lake.layout import Layout, safe_name
from lakesmith.model.streams import StreamId


@given(st.text(min_size=1), st.text(min_size=1))
def test_two_names_never_share_a_file(one, other):
    assert (safe_name(one).lower() == safe_name(other).lower()) == (one == other)


@given(st.text(max_size=300))
def test_a_file_name_is_plain(name):
    safe = safe_name(name)
    assert 1 <= len(safe) <= 100
    assert set(safe) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-~")
    assert safe[0] not in "_-."


def test_plain_names_stay_as_they_are(tmp_path):
    layout = Layout(str(tmp_path))
    stream = StreamId("billing", "order_items-2")
    assert layout.data(stream) == f"{tmp_path}/billing/order_items-2/data"
    assert layout.quarantine(stream) == f"{tmp_path}/_lakesmith/quarantine/billing.order_items-2"


def test_a_network_file_system_is_refused(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda / ext4 rw 0 0\nserver:/x /mnt/shared\\040disk nfs4 rw 0 0\n/dev/sdb /mnt/shared\\040disk/local xfs rw 0 0\n"
    )
    root = tmp_path.__class__("/mnt/shared disk")
    with pytest.raises(ConfigError, match=r"locks do not hold on a network file system \(nfs4\)"):
        refuse_network(root / "lake", mounts)
    refuse_network(root / "local" / "lake", mounts)
    refuse_network(tmp_path, mounts)
    refuse_network(root, tmp_path / "no such file")

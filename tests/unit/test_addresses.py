import pytest

from choreography.database.addresses import addresses_towards, plain


def test_a_broker_on_this_machine_sees_the_loopback_address() -> None:
    assert addresses_towards("127.0.0.1") == {"127.0.0.1"}


def test_a_host_that_nobody_knows_sees_nobody() -> None:
    assert addresses_towards("nowhere.invalid") == set()


@pytest.mark.parametrize(
    ("address", "written"),
    [("0:0:0:0:0:0:0:1", "::1"), ("FE80:0:0:0:1:0:0:1%eth0", "fe80::1:0:0:1"), ("10.0.0.1", "10.0.0.1"), ("a", "a")],
)
def test_java_and_python_write_the_same_address_alike(address: str, written: str) -> None:
    assert plain(address) == written

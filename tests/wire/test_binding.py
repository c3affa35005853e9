from hypothesis import given
from impacket.dcerpc.v5 import epm as theirs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.binding import string_binding
from exproxy.wire.epm import HTTP, Floor, Tower, tower
from exproxy.wire.interfaces import EMSMDB
from tests.wire.test_epm import towers

TCP_TOWER = tower(EMSMDB.syntax, 6005, "10.0.0.15")


def ending(*floors: Floor) -> Tower:
    """A tower whose first three floors are as ever."""
    return Tower((*TCP_TOWER.floors[:3], *floors))


class BindingTests(SynchronousTestCase):
    def test_each_protocol_is_written_as_impacket_writes_it(self) -> None:
        host = Floor(0x09, right=bytes((10, 0, 0, 15)))
        bindings = {
            TCP_TOWER: "ncacn_ip_tcp:10.0.0.15[6005]",
            tower(EMSMDB.syntax, 6001, "10.0.0.15", protocol=HTTP): "ncacn_http:10.0.0.15[6001]",
            ending(Floor(0x08, right=b"\x04\x00"), host): "ncadg_ip_udp:10.0.0.15[1024]",
            ending(Floor(0x0F, right=b"\\pipe\\lsass\0"), Floor(0x11, right=b"\\\\EX1\0")): "ncacn_np:\\\\EX1[\\pipe\\lsass]",
            ending(Floor(0x0F, right=b"\\pipe\\lsass\0"), Floor(0x11, right=b"\0")): "ncacn_np:[\\pipe\\lsass]",
            ending(Floor(0x10, right=b"LRPC-1a2b\0")): "ncalrpc:[LRPC-1a2b]",
        }
        for each, binding in bindings.items():
            self.assertEqual(string_binding(each), binding)
            self.assertEqual(theirs.PrintStringBinding(theirs.EPMTower(each.encode())["Floors"]), binding)

    def test_another_protocol_is_told_by_its_number(self) -> None:
        self.assertEqual(string_binding(ending(Floor(0x16, right=b"x"))), "protocol 0x16")

    def test_a_tower_without_a_fourth_floor_has_no_endpoint(self) -> None:
        self.assertEqual(string_binding(ending()), "no endpoint")

    def test_a_host_that_is_missing_is_left_out(self) -> None:
        self.assertEqual(string_binding(Tower(TCP_TOWER.floors[:4])), "ncacn_ip_tcp:[6005]")

    def test_a_port_or_an_address_of_another_length_is_not_guessed(self) -> None:
        odd = ending(Floor(0x07, right=b"123"), Floor(0x09, right=b"12"))
        self.assertEqual(string_binding(odd), "ncacn_ip_tcp:?[?]")

    def test_it_is_printable_and_bounded_whatever_the_tower_says(self) -> None:
        @given(towers)
        def check(each: Tower) -> None:
            self.assertTrue(string_binding(each).isprintable())
            self.assertLess(len(string_binding(each)), 300)

        check()

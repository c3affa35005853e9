from uuid import UUID

from impacket.dcerpc.v5 import epm, lsad, nspi, oxabref, rrp, samr, srvs
from impacket.uuid import uuidtup_to_bin
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.interfaces import (
    EMSMDB,
    EPM,
    INTERFACES,
    LSARPC,
    NSPI,
    RFRI,
    SAMR,
    SRVSVC,
    WINREG,
    Interface,
    interface,
    name_of,
)


class InterfaceTests(SynchronousTestCase):
    def test_every_name_is_found(self) -> None:
        self.assertEqual([interface(each.name) for each in INTERFACES], list(INTERFACES))

    def test_names_and_uuids_may_be_in_capitals(self) -> None:
        self.assertEqual([interface("EMSMDB"), interface("A4F1DB00-CA47-1067-B31F-00DD010662DA")], [EMSMDB, EMSMDB])

    def test_an_unknown_uuid_is_version_1_0_and_named_by_itself(self) -> None:
        text = "00000000-0000-0000-0000-000000000001"
        self.assertEqual(interface(text), Interface(text, UUID(int=1), 1, 0))

    def test_a_uuid_may_come_with_its_version(self) -> None:
        found = interface("a4f1db00-ca47-1067-b31f-00dd010662da/0.80")
        self.assertEqual((found.name, found.major, found.minor), ("emsmdb", 0, 80))

    def test_a_wrong_name_is_told_the_nearest_one(self) -> None:
        error = self.assertRaises(ValueError, interface, "emsmbd")
        self.assertEqual(str(error), "'emsmbd' is no RPC interface; did you mean 'emsmdb'?")

    def test_a_name_that_is_near_none_is_told_all(self) -> None:
        error = self.assertRaises(ValueError, interface, "zzz")
        self.assertIn("known are emsmdb, asyncemsmdb, nspi, rfri, epm", str(error))

    def test_a_version_that_no_wire_carries_is_refused(self) -> None:
        self.assertRaises(ValueError, interface, "a4f1db00-ca47-1067-b31f-00dd010662da/0.70000")

    def test_the_syntax_carries_uuid_and_version(self) -> None:
        self.assertEqual(str(EMSMDB.syntax), "a4f1db00-ca47-1067-b31f-00dd010662da v0.81")

    def test_a_syntax_has_its_interfaces_name_in_any_version(self) -> None:
        strange = Interface("x", UUID(int=1), 1, 0)
        self.assertEqual([name_of(interface(f"{NSPI.uuid}/1.2").syntax), name_of(strange.syntax)], ["nspi", str(UUID(int=1))])

    def test_impacket_has_the_same_numbers(self) -> None:
        theirs = {
            EPM: epm.MSRPC_UUID_PORTMAP,
            NSPI: nspi.MSRPC_UUID_NSPI,
            RFRI: oxabref.MSRPC_UUID_OXABREF,
            SAMR: samr.MSRPC_UUID_SAMR,
            LSARPC: lsad.MSRPC_UUID_LSAD,
            WINREG: rrp.MSRPC_UUID_RRP,
            SRVSVC: srvs.MSRPC_UUID_SRVS,
        }
        ours = {each: uuidtup_to_bin((str(each.uuid), f"{each.major}.{each.minor}")) for each in theirs}
        self.assertEqual(ours, theirs)

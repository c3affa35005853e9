"""Mode ``epm`` under Samba's own tests of endpoint mappers: what the servers pass, they pass through us."""

from tests.integration.balanced import FIRST
from tests.integration.peers import needs, samba
from tests.integration.test_epm import FRONT, PASSWORD, USER, MapperTestCase
from tests.integration.torture import Torture, samba_lookup, torture

READING = {"Map_simple", "Lookup_simple", "Lookup_terminate_search"}
"""The others register endpoints before, which the mapper of Samba's file server does not have: "procedure out of range"."""
LOGIN = f"{USER}%{PASSWORD}"
UNPROTECTED = (("", "%"), ("[bigendian]", "%"), ("[connect]", LOGIN))
PROTECTED = ("[packet]", "[sign]", "[seal]", "[spnego,seal]")


class TortureTests(MapperTestCase):
    def setUp(self) -> None:
        super().setUp()
        needs.require(needs.SMBTORTURE)
        for server in (self.first, self.second):
            server.mapper.add_user(USER, PASSWORD)

    def compare(self, options: str, login: str) -> Torture:
        """What a server's own mapper does, it does through us."""
        directly, through_us = torture(FIRST, options, login), torture(FRONT, options, login)
        self.assertEqual({name for name, verdict in directly.verdicts.items() if verdict == "success"}, READING, options)
        self.assertEqual(through_us.verdicts, directly.verdicts, options)
        return through_us

    def ours(self) -> set[tuple[str, int, str]]:
        names = {"emsmdb": "ca", "nspi": "ab", "rfri": "ab"}
        return {(samba.INTERFACES[name][0], self.ports[front], FRONT) for name, front in names.items()}

    def test_it_finds_a_mapper_with_our_interfaces_and_no_others(self) -> None:
        """It asks for none that stand in the last answer of a lookup; here that is the only one."""
        self.run_proxy()
        for options, login in UNPROTECTED:
            self.assertLessEqual(self.compare(options, login).told, self.ours(), options)

    def test_it_finds_the_server_s_other_interfaces_where_they_pass(self) -> None:
        self.run_proxy('others = "pass"')
        for options, login in UNPROTECTED:
            self.assertLess(self.ours(), self.compare(options, login).told, options)

    def test_ndr64_is_refused_as_the_server_does(self) -> None:
        self.run_proxy()
        directly, through_us = torture(FIRST, "[ndr64]"), torture(FRONT, "[ndr64]")
        self.assertEqual(through_us, directly)
        self.assertIn("NT_STATUS_RPC_UNSUPPORTED_NAME_SYNTAX", directly.verdicts["Map_simple"])

    def test_a_client_made_from_idl_may_want_more_than_we_ask_for_at_once(self) -> None:
        """It holds the answer's array against the number that it wanted."""
        self.run_proxy()
        ours = len(self.ours())
        for wanted in (ours, 100, 500):
            self.assertEqual(set(samba_lookup(FRONT, wanted)), {f"{FRONT}[{port}]" for port in self.ports.values()})

    def test_protected_it_finds_the_server_itself_where_that_passes(self) -> None:
        self.run_proxy('protected = "pass"')
        for options in PROTECTED:
            self.assertFalse(self.compare(options, LOGIN).told & self.ours(), options)

    def test_protected_it_is_denied_access_and_goes_on(self) -> None:
        self.run_proxy()
        for options in PROTECTED:
            tortured = torture(FRONT, options, LOGIN)
            self.assertEqual(tortured.told, frozenset())
            for name in READING:
                self.assertIn("NT_STATUS_ACCESS_DENIED", tortured.verdicts[name], options)

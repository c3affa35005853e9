"""How users are called."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.users import canonical


class CanonicalTests(SynchronousTestCase):
    def test_all_spellings_are_one(self) -> None:
        for name in (b"anna", b"ANNA", b"EXAMPLE\\Anna", b"anna@example.com", b" Anna ", b"EXAMPLE\\anna@example.com"):
            self.assertEqual(canonical(name), "anna")

    def test_octets_that_are_no_utf_8_are_a_name_too(self) -> None:
        self.assertEqual(canonical(b"J\xf6rg"), "jörg")
        self.assertEqual(canonical("JÖRG".encode()), "jörg")

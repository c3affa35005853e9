from twisted.trial.unittest import SynchronousTestCase

from exproxy import pool
from exproxy.admin.answers import RefusedError
from exproxy.admin.entries import read_key, shown_key


class KeyTests(SynchronousTestCase):
    def test_what_is_shown_can_be_said(self) -> None:
        table = pool.Table("t")
        for key, shown in ((b"\x0a\0\0\1", "10.0.0.1"), (bytes(15) + b"\1", "::1"), (b"\xab" * 20, "ab" * 20)):
            self.assertEqual(shown_key(key), shown)
            self.assertEqual(read_key(table, shown), key)

    def test_an_address_stands_for_its_network(self) -> None:
        self.assertEqual(read_key(pool.Table("t", ipv4_prefix=24), "10.0.0.77"), b"\x0a\0\0\0")

    def test_anything_else_is_refused(self) -> None:
        error = self.assertRaises(RefusedError, read_key, pool.Table("t"), "anna")
        self.assertEqual(error.status, 422)
        self.assertIn('"anna" is neither', str(error))

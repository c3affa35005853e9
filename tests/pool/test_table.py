from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.table import Table


def hosts(table: Table) -> list[str]:
    return [host for _, host, _ in table.entries()]


class TableTests(SynchronousTestCase):
    def test_the_first_insertion_wins(self) -> None:
        table = Table("cas")
        self.assertEqual(table.insert(b"k", "ex1", 0.0), "ex1")
        self.assertEqual(table.insert(b"k", "ex2", 1.0), "ex1")

    def test_an_entry_can_be_moved(self) -> None:
        table = Table("cas")
        table.insert(b"k", "ex1", 0.0)
        table.bind(b"k", "ex2", 1.0)
        self.assertEqual(list(table.entries()), [(b"k", "ex2", 1.0)])

    def test_an_entry_expires_when_it_is_not_used(self) -> None:
        table = Table("cas", expire=60.0)
        table.insert(b"k", "ex1", 0.0)
        self.assertIsNone(table.find(b"k", 60.0))
        self.assertEqual(len(table), 0)

    def test_use_makes_an_entry_last(self) -> None:
        table = Table("cas", expire=60.0)
        table.insert(b"k", "ex1", 0.0)
        self.assertIsNotNone(table.find(b"k", 59.0))
        self.assertIsNotNone(table.find(b"k", 118.0))

    def test_an_expired_entry_gives_way_to_an_insertion(self) -> None:
        table = Table("cas", expire=60.0)
        table.insert(b"k", "ex1", 0.0)
        self.assertEqual(table.insert(b"k", "ex2", 61.0), "ex2")

    def test_housekeeping_drops_what_has_expired_and_no_more(self) -> None:
        table = Table("cas", expire=60.0)
        table.insert(b"a", "ex1", 0.0)
        table.insert(b"b", "ex2", 30.0)
        self.assertEqual(table.expire(70.0), 1)
        self.assertEqual(hosts(table), ["ex2"])

    def test_an_entry_in_use_does_not_expire(self) -> None:
        table = Table("cas", expire=60.0)
        entry = table.bind(b"k", "ex1", 0.0)
        entry.live += 1
        self.assertEqual(table.expire(100.0), 0)
        self.assertIs(table.find(b"k", 1000.0), entry)
        table.let_go(entry, 2000.0)
        self.assertEqual(table.expire(2059.0), 0)
        self.assertEqual(table.expire(2060.0), 1)

    def test_when_it_is_full_the_longest_unused_goes(self) -> None:
        table = Table("cas", size=2)
        table.insert(b"a", "ex1", 0.0)
        table.insert(b"b", "ex2", 1.0)
        table.find(b"a", 2.0)
        table.insert(b"c", "ex3", 3.0)
        self.assertEqual(hosts(table), ["ex1", "ex3"])
        self.assertEqual(table.evicted, 1)

    def test_clearing_forgets_all_and_tells_how_many(self) -> None:
        table = Table("cas")
        table.insert(b"a", "ex1", 0.0)
        table.insert(b"b", "ex1", 0.0)
        self.assertEqual((table.clear(), len(table)), (2, 0))

    def test_one_entry_is_forgotten_and_the_others_stay(self) -> None:
        table = Table("cas")
        for key in (b"a", b"b"):
            table.insert(key, "ex1", 0.0)
        self.assertEqual((table.forget(b"a"), table.forget(b"a"), len(table)), (True, False, 1))

    def test_letting_go_of_a_forgotten_entry_does_not_bring_it_back(self) -> None:
        table = Table("cas")
        entry = table.bind(b"k", "ex1", 0.0)
        entry.live += 1
        table.clear()
        table.let_go(entry, 1.0)
        self.assertEqual(len(table), 0)

    def test_a_size_of_nothing_is_refused(self) -> None:
        self.assertRaisesRegex(ValueError, "holds nothing", Table, "cas", size=0)

    def test_keys_are_made_under_its_prefixes(self) -> None:
        table = Table("cas", ipv4_prefix=24, ipv6_prefix=64)
        self.assertEqual(table.key_for("192.0.2.1"), table.key_for("192.0.2.2"))

    @given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 40), st.booleans()), max_size=60))
    def test_it_is_never_larger_than_its_size_and_stays_in_order_of_use(self, steps: list[tuple[int, int, bool]]) -> None:
        table = Table("cas", expire=50.0, size=8)
        now = 0.0
        for key, passed, housekeeping in steps:
            now += passed
            if housekeeping:
                table.expire(now)
            table.insert(bytes([key]), "ex1", now)
            used = [at for _, _, at in table.entries()]
            self.assertLessEqual(len(table), 8)
            self.assertEqual(used, sorted(used))


class KeptTests(SynchronousTestCase):
    """What another process remembered."""

    def test_the_entries_of_a_moment_are_all_of_them(self) -> None:
        table = Table("cas")
        for number in range(3):
            table.insert(bytes([number]), f"ex{number}", float(number))
        self.assertEqual(
            sorted((entry.key, entry.host) for entry in table.snapshot()), [(b"\0", "ex0"), (b"\1", "ex1"), (b"\2", "ex2")]
        )

    def test_the_latest_come_first_and_no_more_than_wanted(self) -> None:
        table = Table("cas")
        for number in (0, 1, 2, 0):
            table.insert(bytes([number]), "ex1", float(number))
        kept = list(table.entries())
        for most in range(5):
            self.assertEqual(list(table.latest(most)), kept[::-1][:most])

    def test_what_is_taken_up_is_in_the_order_of_its_use(self) -> None:
        table = Table("cas")
        self.assertEqual(table.recall([(b"b", "ex2", 5.0), (b"a", "ex1", 3.0)]), 2)
        self.assertEqual(list(table.entries()), [(b"a", "ex1", 3.0), (b"b", "ex2", 5.0)])

    def test_what_is_known_here_already_stays(self) -> None:
        table = Table("cas")
        table.insert(b"a", "ex1", 9.0)
        self.assertEqual(table.recall([(b"a", "ex2", 10.0), (b"b", "ex2", 3.0)]), 1)
        self.assertEqual(list(table.entries()), [(b"b", "ex2", 3.0), (b"a", "ex1", 9.0)])

    def test_of_more_than_there_is_room_for_the_latest_are_taken(self) -> None:
        table = Table("cas", size=2)
        table.insert(b"x", "ex1", 9.0)
        self.assertEqual(table.recall([(b"a", "ex1", 1.0), (b"c", "ex1", 3.0), (b"b", "ex1", 2.0)]), 1)
        self.assertEqual([key for key, _, _ in table.entries()], [b"c", b"x"])
        self.assertEqual(table.recall([(b"d", "ex1", 8.0)]), 0)

    def test_what_was_taken_up_expires_as_if_it_had_been_here_always(self) -> None:
        table = Table("cas", expire=60.0)
        table.recall([(b"a", "ex1", -50.0), (b"b", "ex1", 0.0)])
        self.assertEqual(table.expire(10.0), 1)
        self.assertEqual(hosts(table), ["ex1"])


class ResizeTests(SynchronousTestCase):
    def test_what_is_too_much_goes_the_least_recently_used_first(self) -> None:
        table = Table("cas", size=5)
        for number in range(5):
            table.insert(b"%d" % number, "ex1", float(number))
        table.resize(9.0, 2)
        self.assertEqual([key for key, _, _ in table.entries()], [b"3", b"4"])
        self.assertEqual((table.expire_after, table.size, table.evicted), (9.0, 2, 3))

    def test_a_size_that_holds_nothing_is_none(self) -> None:
        self.assertRaises(ValueError, Table("cas").resize, 9.0, 0)

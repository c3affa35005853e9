"""What may be offered before a server is known."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.offers import MOST, common, learned


class LearnedTests(SynchronousTestCase):
    def test_what_could_trouble_others_is_left_out(self) -> None:
        self.assertEqual(learned(["IDLE", " SIZE 9 ", "A\rB", "a\x00", "\xe4", "", "x" * 200, "B  C"]), ("IDLE", "SIZE 9"))

    def test_it_is_bounded(self) -> None:
        self.assertLessEqual(sum(map(len, learned(f"X{number}" for number in range(10_000)))), MOST)


class CommonTests(SynchronousTestCase):
    def test_only_what_all_have_in_the_first_ones_order(self) -> None:
        self.assertEqual(common([("B", "A", "C"), ("c", "b")]), ("B", "C"))

    def test_nothing_where_one_is_not_known(self) -> None:
        self.assertEqual((common([("A",), None]), common([None]), common([])), ((), (), ()))

    def test_the_least_size_holds(self) -> None:
        self.assertEqual(common([("SIZE 30", "A"), ("a", "size 20"), ("A", "SIZE")]), ("A", "SIZE 20"))
        self.assertEqual(common([("SIZE",), ("SIZE 0",)]), ("SIZE",))
        self.assertEqual(common([("SIZE 30",), ("A",)]), ())

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.stays import EACH, IDLE, LONGEST, MOST, Stays


class StaysTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.stays = Stays()

    def test_one_is_found_by_its_name_and_by_no_other(self) -> None:
        name, stay = self.stays.begin("anna", 0.0)
        self.assertIs(self.stays.find(name, 1.0), stay)
        for other in ("", name[:-1], name + "x", "\udcff"):
            self.assertIsNone(self.stays.find(other, 1.0))

    def test_neither_name_nor_token_is_kept_or_shown_as_it_is(self) -> None:
        name, stay = self.stays.begin("anna", 0.0)
        self.assertNotIn(stay.token, repr(stay))
        self.assertNotIn(name, repr(vars(self.stays)))

    def test_one_that_asks_for_nothing_is_over(self) -> None:
        name, _ = self.stays.begin("anna", 0.0)
        self.assertIsNotNone(self.stays.find(name, IDLE - 1))
        self.assertIsNotNone(self.stays.find(name, 2 * IDLE - 2))
        self.assertIsNone(self.stays.find(name, 3 * IDLE))
        self.assertEqual(len(self.stays), 0)

    def test_one_that_asks_all_the_time_is_over_some_day(self) -> None:
        name, _ = self.stays.begin("anna", 0.0)
        now = 0.0
        while self.stays.find(name, now) is not None:
            now += IDLE / 2
        self.assertEqual(now, LONGEST)

    def test_each_user_has_so_many_and_the_one_goes_that_is_not_used(self) -> None:
        names = [self.stays.begin("anna", 0.0)[0] for _ in range(EACH)]
        other, _ = self.stays.begin("otto", 0.0)
        self.stays.find(names[0], 1.0)
        self.stays.begin("anna", 2.0)
        self.assertIsNotNone(self.stays.find(names[0], 3.0))
        self.assertIsNone(self.stays.find(names[1], 3.0))
        self.assertIsNotNone(self.stays.find(other, 3.0))

    def test_all_together_are_bounded(self) -> None:
        for number in range(2 * MOST):
            self.stays.begin(f"user {number}", 0.0)
        self.assertEqual(len(self.stays), MOST)

    def test_those_whose_time_is_over_take_nobody_s_place(self) -> None:
        _, stay = self.stays.begin("anna", 0.0)
        over: list[bool] = []
        stay.when_over(lambda: over.append(True))
        self.stays.begin("otto", IDLE)
        self.assertEqual((len(self.stays), over), (1, [True]))

    def test_a_user_s_are_ended_together_and_that_is_told_once(self) -> None:
        told: list[str] = []
        for user in ("anna", "anna", "otto"):
            _, stay = self.stays.begin(user, 0.0)
            stay.when_over(lambda user=user: told.append(user))  # type: ignore[misc]  # the default is the loop's
        self.stays.end_of(["anna"])
        self.stays.end_of(["anna"])
        self.assertEqual((told, len(self.stays)), (["anna", "anna"], 1))

    def test_who_does_not_want_to_know_any_more_is_not_told(self) -> None:
        name, stay = self.stays.begin("anna", 0.0)
        told: list[bool] = []
        forget = stay.when_over(lambda: told.append(True))
        forget()
        forget()
        self.stays.leave(name)
        self.stays.leave(name)
        self.assertEqual(told, [])

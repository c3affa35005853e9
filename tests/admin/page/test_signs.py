from attrs import evolve

from exproxy.admin.page import signs
from exproxy.admin.page.signs import Sign
from exproxy.pool import Admin
from tests.admin.stage import AdminStage
from tests.pool.support import fail


class SignsTests(AdminStage):
    def sign(self) -> Sign:
        return signs.server(self.overview.server(self.server("web/ex1")))

    def test_a_server_that_is_well_is_up(self) -> None:
        self.assertEqual(self.sign(), Sign("up", "good"))

    def test_one_that_is_down_is_bad(self) -> None:
        fail(self.server("web/ex1"))
        self.assertEqual(self.sign(), Sign("down", "bad"))

    def test_what_people_wanted_is_not_bad_and_both_axes_are_said(self) -> None:
        self.hosts["ex1"].set_admin(Admin.DRAIN, 1000.0)
        self.assertEqual(self.sign(), Sign("drain", "hand"))
        fail(self.server("web/ex1"))
        self.assertEqual(self.sign(), Sign("drain, down", "hand"))

    def test_a_weight_of_0_is_said(self) -> None:
        self.server("web/ex1").set_weight(0, 1000.0)
        self.assertEqual(self.sign(), Sign("up, weight 0", "hand"))

    def test_a_back_end_says_how_many_are_usable(self) -> None:
        view = self.overview.backend(self.backends["web"])
        said = [signs.backend(evolve(view, usable=usable)) for usable in (2, 1, 0)]
        self.assertEqual([one.tone for one in said], ["good", "warn", "bad"])
        self.assertEqual(said[1].word, "1 of 2 usable")

    def test_certificates_are_urgent_in_time(self) -> None:
        said = [signs.days(left) for left in (None, 200, 29, 6, -1)]
        self.assertEqual([one.tone for one in said], ["idle", "idle", "warn", "bad", "bad"])
        self.assertEqual([one.word for one in said], ["", "200 d", "29 d", "6 d", "expired"])

    def test_a_check_that_is_only_watched_is_never_worse_than_a_warning(self) -> None:
        fail(self.server("web/ex1"))
        (check,) = self.overview.server(self.server("web/ex1")).checks
        self.assertEqual(signs.check(check).tone, "bad")
        self.assertEqual(signs.check(evolve(check, required=False)), Sign("down, only watched", "warn"))

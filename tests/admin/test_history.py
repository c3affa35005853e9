from exproxy import pool
from exproxy.admin.history import LENGTH, History
from tests.admin.stage import AdminStage
from tests.pool.support import fail


class HistoryTests(AdminStage):
    def test_both_axes_are_remembered_in_their_order(self) -> None:
        history = History(self.backends.values())
        server = self.server("smtp/ex1")
        server.host.set_admin(pool.Admin.DRAIN, 1001.0, "anna")
        fail(server, 1002.0)
        self.assertEqual([one.new.value for one in history.of(server)], ["drain", "down"])
        self.assertEqual(history.of(self.server("smtp/ex2")), ())

    def test_it_is_bounded_and_the_newest_stay(self) -> None:
        history = History(self.backends.values())
        server = self.server("smtp/ex1")
        for number in range(LENGTH + 5):
            server.set_admin((pool.Admin.DRAIN, pool.Admin.READY)[number % 2], 1000.0 + number)
        self.assertEqual((len(history.of(server)), history.of(server)[-1].at), (LENGTH, 1000.0 + LENGTH + 4))

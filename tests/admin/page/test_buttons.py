from attrs import evolve

from exproxy.admin.page import buttons
from exproxy.admin.page.flattening import flat
from exproxy.pool import Admin
from tests.admin.page.stage import Page, PageStage, read


class ButtonsTests(PageStage):
    def links(self, page: Page) -> list[str]:
        return [link["href"].rpartition("/")[2] for link in page.all("a")]

    def test_a_host_is_offered_the_states_that_it_is_not_in(self) -> None:
        view = self.overview.snapshot().hosts[0]
        said = [self.links(read(flat(buttons.of_host(evolve(view, admin=admin))))) for admin in Admin]
        self.assertEqual(said, [["drain", "maint"], ["maint", "ready"], ["drain", "ready"]])

    def test_a_server_has_all_that_can_be_done_and_each_says_to_whom(self) -> None:
        page = read(flat(buttons.menu_of_server(self.overview.server(self.server("web/ex1")))))
        self.assertEqual(self.links(page), ["drain", "maint", "weight", "end-sessions"])
        self.assertEqual(page.all("a")[0]["aria-label"], "Drain: server web/ex1")
        self.assertEqual(page.all("summary")[0]["aria-label"], "Actions for server web/ex1")

    def test_a_table_is_cleared(self) -> None:
        (table,) = self.overview.snapshot().tables
        self.assertEqual(self.links(read(flat(buttons.of_table(table)))), ["clear"])

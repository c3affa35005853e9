from tests.admin.page.stage import PageStage


class FrameTests(PageStage):
    def test_it_is_a_whole_document_in_a_language(self) -> None:
        page = self.page()
        self.assertTrue(self.get().body.startswith(b"<!DOCTYPE html>\n<html lang="))
        self.assertEqual(len(page.all("meta", name="viewport")), 1)
        self.assertEqual([len(page.all(tag)) for tag in ("title", "header", "main", "footer")], [1, 1, 1, 1])

    def test_one_can_skip_to_the_content(self) -> None:
        page = self.page()
        self.assertEqual(page.all("a")[0]["href"], "#main")
        self.assertEqual(len(page.all("main", id="main", tabindex="-1")), 1)

    def test_all_that_it_refers_to_is_there(self) -> None:
        page = self.page()
        wanted = [one["src"] for one in page.all("script")] + [one["href"] for one in page.all("link")]
        self.assertEqual([self.get(address).status for address in wanted], [200] * 5)

    def test_it_says_who_looks(self) -> None:
        self.assertIn("looking only", self.page().text)
        self.assertIn("uid 0, operator", self.page(user="uid 0").text)

    def test_it_says_for_how_long_the_process_is_up(self) -> None:
        self.clock.advance(3590)
        self.assertIn("up 1h 0m", self.page().text)

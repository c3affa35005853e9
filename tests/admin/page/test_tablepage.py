from tests.admin.page.stage import PageStage


class TablePageTests(PageStage):
    def test_who_went_where_stands_there(self) -> None:
        self.groups["smtp"].table.bind(b"\x0a\0\0\1", "ex1", 990.0)
        text = self.page("/tables/smtp").text
        for word in ("10.0.0.1", "ex1", "10s ago", "1 of 5"):
            self.assertIn(word, text)

    def test_an_empty_one_says_so(self) -> None:
        self.assertIn("It is empty.", self.page("/tables/smtp").text)

    def test_one_that_is_not_there_is_not_found(self) -> None:
        self.assertEqual(self.get("/tables/cas").status, 404)

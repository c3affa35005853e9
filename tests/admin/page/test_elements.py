from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.page.elements import cell, chart, log, path, place, sign, transition_row
from exproxy.admin.page.flattening import flat
from exproxy.admin.views import TransitionView


class ElementsTests(SynchronousTestCase):
    def test_a_text_stands_in_its_place_and_is_escaped(self) -> None:
        found = flat(place({'a"b': "<script>alert(1)</script>"}, 'a"b'))
        self.assertEqual(found, b'<span data-fact="a&quot;b">&lt;script&gt;alert(1)&lt;/script&gt;</span>')

    def test_a_state_has_its_tone(self) -> None:
        self.assertIn(b'data-tone="bad"', flat(place({"a": ["down", "bad"]}, "a")))

    def test_a_moment_is_how_long_ago_it_is(self) -> None:
        self.assertEqual(flat(place({"at": 100.0, "a": 40.0}, "a")), b'<time data-at="40.000" data-fact="a">1m 0s</time>')

    def test_a_chart_is_for_ears_too(self) -> None:
        found = flat(chart({"a": {"line": "1,2 3,4"}}, "a", "Sessions"))
        self.assertIn(b'points="1,2 3,4"', found)
        self.assertIn(b'aria-label="Sessions"', found)

    def test_names_are_quoted_in_addresses(self) -> None:
        self.assertEqual(path("servers", "a/b", 'c"?#ü'), "/servers/a%2Fb/c%22%3F%23%C3%BC")

    def test_a_cell_says_what_its_column_would(self) -> None:
        self.assertEqual(flat(cell("In", "5")), b'<td data-label="In">5</td>')

    def test_a_log_without_lines_says_so(self) -> None:
        self.assertEqual(flat(log("Nothing.", ("When",), ())), b'<p class="nothing">Nothing.</p>')

    def test_a_transition_says_from_what_to_what(self) -> None:
        found = flat(transition_row(TransitionView(1.0, "up", "down", "<b>"), 3.0))
        for part in (b"2s", b"up \xe2\x86\x92 ", b'data-tone="bad"', b"&lt;b&gt;"):
            self.assertIn(part, found)

    def test_a_sign_is_a_word_before_it_is_a_colour(self) -> None:
        self.assertEqual(flat(sign("up", "good")), b'<span class="sign" data-tone="good">up</span>')

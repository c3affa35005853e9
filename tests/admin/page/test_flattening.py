from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.template import Tag, flattenString, tags

from exproxy.admin.page.flattening import flat, flatten
from exproxy.admin.pieces import at_once

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
TREES = st.recursive(
    TEXT,
    lambda inner: st.builds(
        lambda name, children, attributes: Tag(name, dict(attributes), list(children)),
        st.sampled_from(["p", "td", "svg", "br", "input", "main", "details"]),
        st.lists(inner, max_size=4),
        st.lists(st.tuples(st.sampled_from(["class", "data-fact", "href"]), TEXT), max_size=3),
    ),
)


class FlatteningTests(SynchronousTestCase):
    @given(st.lists(TREES, max_size=4))
    def test_it_is_what_twisted_says(self, inside: list[Tag | str]) -> None:
        tree = tags.body(*inside)
        self.assertEqual(flat(tree), self.successResultOf(flattenString(None, tree)))

    @given(st.lists(st.lists(TREES, max_size=3), max_size=3))
    def test_what_generators_give_is_the_same_as_what_stands_there(self, rows: list[list[Tag | str]]) -> None:
        def given_one_by_one() -> Tag:
            return tags.table("a", (tags.tr((cell for cell in row), "b") for row in rows), "c")

        here = tags.table("a", *(tags.tr(*row, "b") for row in rows), "c")
        self.assertEqual(flat(given_one_by_one()), flat(here))
        self.assertEqual(flat(given_one_by_one()), self.successResultOf(flattenString(None, given_one_by_one())))

    def test_what_a_generator_gives_is_made_when_what_is_before_it_is_written(self) -> None:
        made: list[int] = []

        def row(number: int) -> Tag:
            made.append(number)
            return tags.tr(str(number))

        work = flatten(tags.table(row(number) for number in range(3)))
        for expected in ([0], [0, 1], [0, 1, 2]):
            next(work)
            self.assertEqual(made, expected)
        self.assertEqual(at_once(work).html, "<table><tr>0</tr><tr>1</tr><tr>2</tr></table>")

    def test_nothing_else_may_stand_in_a_tree(self) -> None:
        for inside in (Deferred(), 7, None, b"octets", ["list"]):
            self.assertRaises(TypeError, flat, Tag("p", children=[inside]))
        self.assertRaises(TypeError, flat, Tag("p", {"class": 7}))
        self.assertRaises(TypeError, flat, Tag("script>"))

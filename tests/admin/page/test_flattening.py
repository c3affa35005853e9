from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.template import Tag, flattenString, tags

from exproxy.admin.page.flattening import flat

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

    def test_nothing_else_may_stand_in_a_tree(self) -> None:
        for inside in (Deferred(), 7, None, b"octets", ["list"]):
            self.assertRaises(TypeError, flat, Tag("p", children=[inside]))
        self.assertRaises(TypeError, flat, Tag("p", {"class": 7}))
        self.assertRaises(TypeError, flat, Tag("script>"))

"""What matches: the criteria themselves are tested where routes are (:mod:`tests.proxy.web.test_routes`)."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.web.matching import Matching
from tests.integration.test_paths import TARGETS, canonical
from tests.proxy.web.test_routes import head


class MatchingTests(SynchronousTestCase):
    def test_what_says_nothing_takes_everything(self) -> None:
        self.assertTrue(Matching("x").takes(head("/anything")))

    def test_all_that_is_said_has_to_match(self) -> None:
        both = Matching("x", hosts=("a.example.com",), paths=("/ecp",))
        self.assertEqual([both.takes(head("/ecp", host)) for host in ("a.example.com", "b.example.com")], [True, False])

    def test_whatever_has_the_protected_path_for_its_canonical_one_is_taken(self) -> None:
        matching = Matching("x", paths=("/ecp",))
        for target in TARGETS:
            path = canonical(target)
            if path is not None and (path + "/").startswith(("/ecp/", "/ecp;")):
                self.assertTrue(matching.takes(head(target.decode("latin-1"), "a")), target)

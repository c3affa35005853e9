from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.epmrelay.directory import Directory, Place
from tests.wire.epmrelay.talking import EMSMDB_TOWER, Map


class DirectoryTests(SynchronousTestCase):
    def test_a_place_may_leave_the_servers_address(self) -> None:
        self.assertEqual(Place(None, 135), Place(address=None, port=135))

    def test_any_object_with_the_two_questions_is_one(self) -> None:
        directory: Directory = Map(keeping=True)
        self.assertTrue(directory.keeps(EMSMDB_TOWER))

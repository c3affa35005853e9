"""What Windows refuses, for people."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.winservice.answers import ManagerError


class ManagerErrorTests(SynchronousTestCase):
    def test_what_is_known_is_said_with_what_to_do(self) -> None:
        self.assertIn("Run as administrator", str(ManagerError(5, "Access is denied.")))
        self.assertEqual(str(ManagerError(1060, "")), "there is no service exproxy: exproxy service install -c FILE")

    def test_all_else_is_said_in_windows_own_words(self) -> None:
        error = ManagerError(1068, "The dependency service does not exist.\r\n")
        self.assertEqual(str(error), "Windows says: The dependency service does not exist (error 1068)")
        self.assertEqual(error.code, 1068)

"""What is ordered, and for which account."""

from pathlib import PureWindowsPath

from twisted.trial.unittest import SynchronousTestCase

from exproxy.winservice.order import OWN, Order, account, folder_right


class AccountTests(SynchronousTestCase):
    def test_those_of_the_system_have_no_password(self) -> None:
        self.assertEqual(account("LocalService"), (r"NT AUTHORITY\LocalService", False))
        self.assertEqual(account("network service"), (r"NT AUTHORITY\NetworkService", False))
        self.assertEqual(account(r"NT AUTHORITY\LocalService"), (r"NT AUTHORITY\LocalService", False))
        self.assertEqual(account("LocalSystem"), ("LocalSystem", False))

    def test_nor_has_the_service_s_own_or_one_that_the_domain_manages(self) -> None:
        self.assertEqual(account(OWN), (OWN, False))
        self.assertEqual(account("CORP\\exproxy$"), ("CORP\\exproxy$", False))

    def test_those_of_people_do(self) -> None:
        self.assertEqual(account("CORP\\anna"), ("CORP\\anna", True))
        self.assertEqual(account("anna@example.com"), ("anna@example.com", True))

    def test_without_a_domain_it_is_one_of_this_machine(self) -> None:
        self.assertEqual(account("anna"), (".\\anna", True))


class OrderTests(SynchronousTestCase):
    order = Order(PureWindowsPath(r"C:\exproxy\site.toml"), PureWindowsPath(r"C:\exproxy\log\exproxy.log"), password="secret")

    def test_a_password_is_not_shown(self) -> None:
        self.assertNotIn("secret", repr(self.order))

    def test_the_right_to_write_is_for_the_log_s_folder(self) -> None:
        self.assertEqual(folder_right(self.order), r'icacls "C:\exproxy\log" /grant "NT SERVICE\exproxy:(OI)(CI)M"')

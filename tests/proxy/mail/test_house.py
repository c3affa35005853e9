"""What the clients of a mail front end have in common."""

from tests.proxy.mail.mailstage import MailStage


class HouseTests(MailStage):
    def test_servers_share_the_greeting_s_time(self) -> None:
        self.serve(greeting_timeout=20.0)
        self.assertEqual(self.house.patience(), 10.0)

    def test_the_only_one_that_may_be_tried_has_all_of_it(self) -> None:
        self.serve(self.backend(redispatch=False), greeting_timeout=20.0)
        self.assertEqual(self.house.patience(), 20.0)

    def test_a_pseudonym_is_the_same_for_the_same_and_tells_nothing(self) -> None:
        self.serve()
        anna = self.house.pseudonym(b"Anna@example.com")
        self.assertEqual(anna, self.house.pseudonym(b"anna@EXAMPLE.com"))
        self.assertNotEqual(anna, self.house.pseudonym(b"berta@example.com"))
        self.assertNotIn("anna", anna)
        self.assertEqual(self.house.pseudonym(b""), "")

    def test_servers_that_are_passed_over_are_counted(self) -> None:
        self.servers["one"].greeting = b"421 busy\r\n"
        self.serve()
        self.client()
        self.client()
        self.assertEqual(self.house.frontend.passed_over, 2)

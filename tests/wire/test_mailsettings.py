"""What a front end of a mail mode does with every session."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.mailsettings import Settings, StartTls


class SettingsTests(SynchronousTestCase):
    def test_without_a_word_starttls_is_hidden(self) -> None:
        self.assertEqual(Settings(), Settings(StartTls.HIDE, False, 20))

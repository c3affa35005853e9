"""What is known of a mail session, as lines."""

import json
import time

from twisted.trial.unittest import SynchronousTestCase

from exproxy.proxy.accesslog.formats import JsonFormat, TextFormat
from exproxy.proxy.accesslog.mail import MailRecord
from tests.proxy.accesslog.samples import RECORD

FULL = MailRecord(RECORD, "TLSv1.3", 'ho"st', "8f0c", 2, "221")
EMPTY = MailRecord(RECORD, "", "", "", 0, "")


class MailLineTests(SynchronousTestCase):
    def test_it_is_a_session_s_line_and_what_the_protocol_adds(self) -> None:
        text = TextFormat(time.gmtime)
        self.assertEqual(text(FULL), text(RECORD) + ' tls=TLSv1.3 helo="ho#22st" user=8f0c mails=2 last=221')
        self.assertEqual(text(EMPTY), text(RECORD) + ' tls=- helo="" user=- mails=0 last=-')

    def test_json_has_the_same_and_null_for_what_is_not_there(self) -> None:
        said = json.loads(JsonFormat()(FULL))
        self.assertEqual(
            (said["tls"], said["helo"], said["user"], said["mails"], said["last"]), ("TLSv1.3", 'ho"st', "8f0c", 2, "221")
        )
        said = json.loads(JsonFormat()(EMPTY))
        self.assertEqual((said["tls"], said["helo"], said["user"], said["last"]), (None, None, None, None))
        self.assertEqual(said["frontend"], RECORD.frontend)

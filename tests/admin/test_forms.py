from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.answers import Asked, RefusedError
from exproxy.admin.forms import FORM, fields


class FormTests(SynchronousTestCase):
    def read(self, body: bytes, kind: str = FORM) -> dict[str, str]:
        return fields(Asked("POST", (), kind=kind, body=body))

    def status(self, body: bytes, kind: str = FORM) -> int:
        error = self.assertRaises(RefusedError, self.read, body, kind)
        assert isinstance(error, RefusedError)
        return error.status

    def test_fields_are_decoded(self) -> None:
        self.assertEqual(self.read(b"user=j%C3%B6rg&password=a+b%26&next="), {"user": "jörg", "password": "a b&", "next": ""})

    def test_another_body_is_no_form(self) -> None:
        self.assertEqual(self.status(b"{}", "application/json"), 415)

    def test_what_makes_no_sense_is_refused(self) -> None:
        for body in (b"user=%FF", b"\xff", b"&".join([b"a=b"] * 100)):
            self.assertEqual(self.status(body), 400, body)

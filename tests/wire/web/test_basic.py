"""Whose credentials they are."""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.basic import user_of


def basic(credentials: bytes, scheme: bytes = b"Basic") -> bytes:
    return scheme + b" " + b64encode(credentials)


class UserTests(SynchronousTestCase):
    def test_all_spellings_of_a_user_are_one(self) -> None:
        spellings = (
            b"anna:x",
            b"ANNA:y",
            b"CONTOSO\\Anna:z",
            b"anna@contoso.com:",
            b"contoso.com\\anna@x: : ",
            b" anna :x",
            b"anna",
        )
        self.assertEqual({user_of(basic(spelling)) for spelling in spellings}, {"anna"})

    def test_the_scheme_may_be_written_as_one_likes(self) -> None:
        for value in (basic(b"anna:x", b"bASIC"), b"Basic\t" + b64encode(b"anna:x"), b"Basic   " + b64encode(b"anna:x")):
            self.assertEqual(user_of(value), "anna", value)

    def test_others_are_not_basic(self) -> None:
        for value in (b"NTLM TlRMTVNTUAAB", b"Negotiate YII=", b"Bearer abc", b"Basically YW5uYTp4", b""):
            self.assertIsNone(user_of(value), value)

    def test_padding_that_misses_is_no_way_out(self) -> None:
        self.assertEqual(user_of(b"Basic " + b64encode(b"anna:xy").rstrip(b"=")), "anna")

    def test_what_is_no_name_is_that_of_nobody(self) -> None:
        for value in (b"Basic", b"Basic A", b"Basic !!!!", basic(b":x"), basic(b"")):
            self.assertEqual(user_of(value), "", value)

    def test_a_name_in_another_encoding_is_a_name(self) -> None:
        self.assertEqual(user_of(basic("jörg:x".encode())), "jörg")
        self.assertEqual(user_of(basic("JÖRG:x".encode("latin-1"))), "jörg")

"""Hashes of passwords."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.passwords import hashed, parse


class PasswordTests(SynchronousTestCase):
    def test_a_hash_knows_its_password_and_no_other(self) -> None:
        known = parse(hashed("pass wörd"))
        self.assertEqual([known.matches(word) for word in ("pass wörd", "pass word", "")], [True, False, False])

    def test_the_same_password_has_another_hash_each_time(self) -> None:
        self.assertNotEqual(hashed("secret"), hashed("secret"))

    def test_the_hash_of_a_known_salt_is_the_known_one(self) -> None:
        """RFC 7914 section 12, third vector, in this form."""
        digest = (
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
        )
        self.assertTrue(parse(f"scrypt:16384:8:1$SodiumChloride${digest}").matches("pleaseletmein"))

    def test_what_is_no_hash_is_refused_and_not_repeated(self) -> None:
        for text in (
            "secret",
            "",
            "scrypt:",
            "scrypt:32768:8:1$salt$00",
            "md5$secret",
            hashed("x") + "0",
            "scrypt:1:1:1$a$" + "z" * 128,
        ):
            error = self.assertRaises(ValueError, parse, text)
            self.assertEqual(str(error), "this is no scrypt hash")

    def test_what_scrypt_cannot_do_is_refused(self) -> None:
        for numbers in ("0:8:1", "3:8:1", "1:8:1", "1024:0:1", "1024:8:0"):
            self.assertRaisesRegex(ValueError, "nothing that scrypt can do", parse, f"scrypt:{numbers}$a${'0' * 128}")

    def test_what_would_take_too_much_memory_is_refused(self) -> None:
        self.assertRaisesRegex(ValueError, "takes more than 128 MB", parse, f"scrypt:1048576:8:1$a${'0' * 128}")

    def test_it_does_not_show_itself(self) -> None:
        known = parse(hashed("secret"))
        self.assertNotIn("digest", repr(known))

    def test_passwords_have_a_length(self) -> None:
        for password in ("", "x" * 1025):
            self.assertRaises(ValueError, hashed, password)

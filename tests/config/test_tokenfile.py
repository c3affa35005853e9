"""The file that stands for a unix socket."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.tokenfile import Way, new_way, parse


class TokenFileTests(SynchronousTestCase):
    def test_it_says_where_and_the_word(self) -> None:
        self.assertEqual(Way(50123, "0f" * 32).text(), f"exproxy 127.0.0.1:50123\n{'0f' * 32}\n")

    def test_what_is_written_is_read(self) -> None:
        way = new_way(50123)
        self.assertEqual(parse(way.text()), way)

    def test_each_has_another_word_of_256_bits(self) -> None:
        first, second = new_way(1), new_way(1)
        self.assertNotEqual(first.token, second.token)
        self.assertEqual(len(bytes.fromhex(first.token)), 32)

    def test_the_word_is_not_shown(self) -> None:
        self.assertNotIn("0f0f", repr(Way(1, "0f" * 32)))

    def test_the_greeting_is_a_line(self) -> None:
        self.assertEqual(Way(1, "ab").greeting(), b"token ab\n")

    def test_another_file_is_none(self) -> None:
        for text in ("", "precious", "exproxy 10.0.0.9:25\n" + "0f" * 32 + "\n", "exproxy 127.0.0.1:1\nshort\n"):
            self.assertRaises(ValueError, parse, text)

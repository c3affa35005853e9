"""Cookies: read, taken out and written."""

from hypothesis import given as generated
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.cookies import Writing, brought, given, take_out
from exproxy.wire.web.fields import Fields, read_fields


def fields(*lines: bytes) -> Fields:
    data = b"".join(line + b"\r\n" for line in (*lines, b""))
    return read_fields(data, 0, 100, "head", 400, 431)


class RequestTests(SynchronousTestCase):
    def test_all_of_a_name_are_found_in_order(self) -> None:
        head = fields(b"Cookie: a=1; ex=first ;b=2;ex=second", b"X: ex=no", b"cookie:\tex=third")
        self.assertEqual(list(brought(head, b"ex")), [b"first", b"second", b"third"])

    def test_a_name_is_compared_whole_and_with_its_case(self) -> None:
        head = fields(b"Cookie: Ex=1; exx=2; xex=3; ex; =4; ex.=5")
        self.assertEqual(list(brought(head, b"ex")), [])

    def test_a_value_may_have_an_equals_sign(self) -> None:
        self.assertEqual(list(brought(fields(b"Cookie: ex=YQ=="), b"ex")), [b"YQ=="])

    def test_without_cookies_there_are_none(self) -> None:
        head = fields(b"X: ex=no")
        self.assertEqual((list(brought(head, b"ex")), take_out(head, b"ex")), ([], []))

    def test_what_is_taken_out_is_gone_and_the_rest_stays_as_it_was(self) -> None:
        head = fields(b"A: 1", b"cooKie:a=1;  ex=x; b=2", b"B: 2")
        self.assertEqual(take_out(head, b"ex"), [b"x"])
        self.assertEqual(head.lines, [b"A: 1", b"cooKie: a=1; b=2", b"B: 2"])
        self.assertEqual(head.names, [b"a", b"cookie", b"b"])
        self.assertEqual(head.values, {b"a": b"1", b"cookie": b"a=1; b=2", b"b": b"2"})

    def test_a_line_without_others_goes(self) -> None:
        head = fields(b"A: 1", b"Cookie: ex=x", b"B: 2")
        take_out(head, b"ex")
        self.assertEqual((head.lines, head.names), ([b"A: 1", b"B: 2"], [b"a", b"b"]))
        self.assertNotIn(b"cookie", head.values)

    def test_of_several_lines_those_that_have_others_stay(self) -> None:
        head = fields(b"Cookie: ex=1", b"Cookie: a=b", b"Cookie: c=d; ex=2")
        self.assertEqual(take_out(head, b"ex"), [b"1", b"2"])
        self.assertEqual(head.lines, [b"Cookie: a=b", b"Cookie: c=d"])
        self.assertEqual(head.values[b"cookie"], b"a=b, c=d")

    def test_a_request_without_it_is_not_touched(self) -> None:
        head = fields(b"Cookie:  a=ex ;b=2")
        self.assertEqual(take_out(head, b"ex"), [])
        self.assertEqual(head.lines, [b"Cookie:  a=ex ;b=2"])

    def test_whatever_stands_there_the_others_stay(self) -> None:
        crumb = st.sampled_from([b"a=1", b"ex=2", b" ex = 3", b"", b"ex", b"b", b"=", b"\texx=4", b"ex=;"])

        @generated(st.lists(st.lists(crumb, max_size=5).map(b";".join), max_size=3))
        def check(lines: list[bytes]) -> None:
            head = fields(*(b"Cookie:" + line for line in lines))
            before = [crumb.strip() for line in lines for crumb in line.split(b";")]
            found = take_out(head, b"ex")
            self.assertEqual(list(brought(head, b"ex")), [])
            mine = [crumb for crumb in before if crumb.partition(b"=")[0].strip() == b"ex" and b"=" in crumb]
            self.assertEqual(found, [crumb.partition(b"=")[2].strip() for crumb in mine])
            self.assertEqual(len(head.lines), len(head.names))
            if found:
                after = [crumb.strip() for value in head.every(b"cookie") for crumb in value.split(b";")]
                for crumb in (b"a=1", b"b", b"exx=4"):
                    self.assertEqual(after.count(crumb), before.count(crumb))

        check()


class AnswerTests(SynchronousTestCase):
    def test_what_is_given_is_found(self) -> None:
        head = fields(b"Set-Cookie: a=1", b"set-cookie: sid=x=y ; path=/; HttpOnly", b"Set-Cookie: sid=z")
        self.assertEqual(list(given(head, b"sid")), [b"x=y", b"z"])

    def test_what_is_taken_away_or_broken_is_not(self) -> None:
        head = fields(b"Set-Cookie: sid=; Max-Age=0", b"Set-Cookie: sid", b"Set-Cookie: ; sid=x", b"X: sid=y")
        self.assertEqual(list(given(head, b"sid")), [])
        self.assertEqual(list(given(fields(b"X: sid=y"), b"sid")), [])


class WritingTests(SynchronousTestCase):
    def test_over_tls_it_is_secure_and_goes_along_from_other_sites(self) -> None:
        line = Writing(b"ex").line(b"v", tls=True)
        self.assertEqual(line, b"Set-Cookie: ex=v; path=/; HttpOnly; Secure; SameSite=None")

    def test_in_the_clear_it_is_neither(self) -> None:
        self.assertEqual(Writing(b"ex").line(b"v", tls=False), b"Set-Cookie: ex=v; path=/; HttpOnly")

    def test_what_is_said_is_written(self) -> None:
        writing = Writing(b"ex", "/owa", "example.com", secure=True, http_only=False, same_site="lax")
        self.assertEqual(writing.line(b"v", tls=False), b"Set-Cookie: ex=v; path=/owa; domain=example.com; Secure; SameSite=Lax")
        writing = Writing(b"ex", secure=False, same_site="strict")
        self.assertEqual(writing.line(b"v", tls=True), b"Set-Cookie: ex=v; path=/; HttpOnly; SameSite=Strict")

    def test_no_word_of_same_site(self) -> None:
        self.assertNotIn(b"SameSite", Writing(b"ex", same_site="off").line(b"v", tls=True))

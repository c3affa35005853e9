"""Tests for :mod:`exproxy.wire.web.path`."""

import sys
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.path import canonical, folded, within

CANONICAL = {
    # plain
    b"/": "/",
    b"/owa": "/owa",
    b"/owa/": "/owa/",
    b"/OWA/Auth/logon.aspx": "/owa/auth/logon.aspx",
    b"/Microsoft-Server-ActiveSync": "/microsoft-server-activesync",
    b"/owa/user@example.com/": "/owa/user@example.com/",
    b"/.well-known/x": "/.well-known/x",
    # case
    b"/ECP": "/ecp",
    b"/E%43P": "/ecp",
    "/EXCH\u00c4NGE".encode(): "/exch\u00e4nge",
    b"/EXCH%C3%84NGE": "/exch\u00e4nge",
    b"/owa%C5%BF": "/owas",  # long s
    b"/%E2%84%AAiosk": "/kiosk",  # Kelvin sign
    # encoded
    b"/%65cp": "/ecp",
    b"/%65%63%70": "/ecp",
    b"/a%20b": "/a b",
    b"/100%25": "/100%",
    b"/what%3fis": "/what?is",
    b"/a+b": "/a+b",
    # slashes
    b"//ecp": "/ecp",
    b"///ecp//": "/ecp/",
    b"\\ecp": "/ecp",
    b"/\\ecp": "/ecp",
    # dot segments
    b"/./ecp": "/ecp",
    b"/owa/../ecp": "/ecp",
    b"/owa/%2e%2e/ecp": "/ecp",
    b"/owa/.%2E/ecp/x": "/ecp/x",
    b"/owa/auth/../../ecp/": "/ecp/",
    b"/owa/..": "/",
    b"/owa/.": "/owa/",
    b"/owa/auth/..": "/owa/",
    b"/owa//auth/../x": "/owa/x",
    # what Windows drops
    b"/ecp.": "/ecp",
    b"/ecp./x": "/ecp/x",
    b"/ecp%20": "/ecp",
    b"/ecp%20./x": "/ecp/x",
    # what stays
    b"/ecp;x": "/ecp;x",
    b"/ecp;/x": "/ecp;/x",
    b"/api/v2.0/Users('a')/messages": "/api/v2.0/users('a')/messages",
    b"/a:b": "/a:b",
    b"/$metadata": "/$metadata",
}

REFUSED = {
    b"/owa%2fecp": "a slash or backslash is encoded",
    b"/owa%2Fecp": "a slash or backslash is encoded",
    b"/owa%5c..%5Cecp": "a slash or backslash is encoded",
    b"/owa\\..\\ecp": "'..' beside a backslash is ambiguous",
    b"/ecp\\..": "'..' beside a backslash is ambiguous",
    b"/ecp/..\\owa": "'..' beside a backslash is ambiguous",
    b"/x\\y/../ecp": "'..' beside a backslash is ambiguous",
    b"\\%2e%2e/ecp": "'..' beside a backslash is ambiguous",
    b"/ecp%00": "it has a control character",
    b"/ecp%00/owa": "it has a control character",
    b"/ecp%0d%0aX": "it has a control character",
    b"/ecp%7f": "it has a control character",
    b"/ecp%C2%85": "it has a control character",
    b"/%2565cp": "it is encoded twice",
    b"/owa/%252e%252e/ecp": "it is encoded twice",
    b"/%25u0065cp": "it is encoded twice",
    b"/%u0065cp": "'%u0065' is no escape",
    b"/%U0065cp": "'%U0065' is no escape",
    b"/a%": "'%' is no escape",
    b"/a%6": "'%6' is no escape",
    b"/a%zzb": "'%zzb' is no escape",
    b"/%c0%ae%c0%ae/ecp": "it is not in UTF-8",
    b"/%c0%af": "it is not in UTF-8",
    b"/%e4": "it is not in UTF-8",
    b"/\xe4": "it is not in UTF-8",
    b"/%ed%a0%80": "it is not in UTF-8",
    b"/..": "it leads out of the root",
    b"/../ecp": "it leads out of the root",
    b"/owa/../../ecp": "it leads out of the root",
    b"/ecp//../x": "'..' behind an empty segment is ambiguous",
    b"/ecp//./../x": "'..' behind an empty segment is ambiguous",
    b"/owa/.../ecp": "the segment '...' means different things to different servers",
    b"/owa/..%20/ecp": "the segment '..' means different things to different servers",
    b"/owa/..;/ecp": "the segment '..;' means different things to different servers",
    b"/owa/..;x=y/ecp": "the segment '..;x=y' means different things to different servers",
    b"/owa/%20/ecp": "the segment '' means different things to different servers",
    b"/e(S(x))cp": "it has an ASP.NET session in it, which the server would take out",
    b"/(A(x))/ecp": "it has an ASP.NET session in it, which the server would take out",
    b"/ecp::$INDEX_ALLOCATION/": "it names an NTFS stream",
    b"/ecp:$i30:$INDEX_ALLOCATION/": "it names an NTFS stream",
    b"ecp": "it does not begin with a slash",
    b"": "it does not begin with a slash",
}


class CanonicalTests(SynchronousTestCase):
    maxDiff = None

    def test_paths_have_their_canonical_form(self) -> None:
        self.assertEqual({raw: canonical(raw) for raw in CANONICAL if raw}, {raw: path for raw, path in CANONICAL.items() if raw})

    def test_what_is_ambiguous_is_refused_with_its_reason(self) -> None:
        for raw, what in REFUSED.items():
            error = self.assertRaises(HttpError, canonical, raw)
            self.assertEqual((error.status, error.where, error.what), (400, "HTTP request, path", what), raw)

    def test_the_result_is_its_own_canonical_form(self) -> None:
        alphabet = [
            b"/",
            b"\\",
            b".",
            b"..",
            b"%2e",
            b"%",
            b"%25",
            b"%65",
            b"e",
            b"CP",
            b" ",
            b";",
            b"%C3%84",
            b"\xc5\xbf",
            b"(S(",
        ]

        @given(st.lists(st.sampled_from(alphabet), max_size=12).map(b"".join))
        def check(raw: bytes) -> None:
            try:
                path = canonical(b"/" + raw)
            except HttpError:
                return
            self.assertEqual(canonical(quote(path).encode()), path)
            self.assertTrue(path.startswith("/"))
            self.assertNotIn("//", path)
            self.assertFalse({".", ".."} & set(path.split("/")), path)

        check()

    def test_any_octets_have_a_canonical_form_or_are_refused(self) -> None:
        @given(st.binary(max_size=40))
        def check(raw: bytes) -> None:
            try:
                self.assertEqual(canonical(b"/" + raw)[0], "/")
            except HttpError as error:
                self.assertEqual(error.status, 400)

        check()

    def test_a_long_path_is_no_long_work(self) -> None:
        """Each of these would take minutes if a pattern went back over what it has seen."""
        self.assertEqual(canonical(b"/a" * 100_000 + b"."), "/a" * 100_000)
        for piece in (b":", b"(", b"a.", b"%41", b";", b"/."):
            self.assertTrue(canonical(b"/x" + piece * 100_000).startswith("/x"))


class FoldedTests(SynchronousTestCase):
    def test_folding_twice_changes_nothing(self) -> None:
        everything = "".join(map(chr, (*range(0xD800), *range(0xE000, sys.maxunicode + 1))))
        once = folded(everything)
        self.assertEqual(folded(once), once)

    def test_what_has_the_same_upper_case_is_equal(self) -> None:
        """That is how IIS compares, and a rule that it could evade would protect nothing."""
        letters = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000 and len(chr(code).upper()) == 1]
        different = [letter for letter in letters if folded(letter) != folded(letter.upper())]
        self.assertEqual(different, [])

    def test_a_character_stays_one_character(self) -> None:
        self.assertEqual(folded("Stra\u00dfe \u0130\ufb01"), "stra\u00dfe \u0130\ufb01")


class WithinTests(SynchronousTestCase):
    def test_a_prefix_ends_where_a_segment_ends(self) -> None:
        found = {
            path: within(path, "/ecp") for path in ("/ecp", "/ecp/", "/ecp/x", "/ecp;x", "/ecp;x/y", "/ecpx", "/ec", "/", "*")
        }
        self.assertEqual([path for path, inside in found.items() if inside], ["/ecp", "/ecp/", "/ecp/x", "/ecp;x", "/ecp;x/y"])

    def test_a_slash_at_the_end_of_a_prefix_is_no_matter(self) -> None:
        self.assertTrue(within("/ecp", "/ecp/"))

    def test_everything_is_within_the_root_but_the_star(self) -> None:
        self.assertEqual([within(path, "/") for path in ("/", "/ecp", "*")], [True, True, False])

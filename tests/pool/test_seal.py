"""Hosts' names that clients carry."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.pool.seal import LENGTH, Seal, Sealed

SECRET = b"correct horse battery staple"
HOSTS = ("ex1", "ex2", "10.0.0.3")
NOW = 1_763_700_000.0


class SealTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.seal = Seal(SECRET, "cas", HOSTS)

    def test_a_host_comes_back(self) -> None:
        for host in HOSTS:
            self.assertEqual(self.seal.open(self.seal.seal(host, NOW), NOW + 1e8), Sealed(host, old=False))

    def test_it_is_a_cookies_value_of_one_length_that_names_nobody(self) -> None:
        for host in HOSTS:
            value = self.seal.seal(host, NOW)
            self.assertEqual(len(value), LENGTH)
            self.assertRegex(value, rb"^[A-Za-z0-9_-]+$")
            self.assertNotIn(host.encode(), value)

    def test_who_has_the_same_secret_believes_it(self) -> None:
        self.assertEqual(Seal(SECRET, "cas", ("ex2",)).open(self.seal.seal("ex2", NOW), NOW), Sealed("ex2", old=False))

    def test_another_secret_another_table_and_a_host_that_is_no_more_are_not_believed(self) -> None:
        value = self.seal.seal("ex1", NOW)
        for other in (Seal(b"another", "cas", HOSTS), Seal(SECRET, "owa", HOSTS), Seal(SECRET, "cas", ("ex2",))):
            self.assertIsNone(other.open(value, NOW))

    def test_a_single_changed_character_is_seen(self) -> None:
        value = self.seal.seal("ex1", NOW)
        for at in range(LENGTH):
            for octet in (b"A", b"B", b"=", b"\xff", b"+"):
                changed = value[:at] + octet + value[at + 1 :]
                if changed != value:
                    self.assertIsNone(self.seal.open(changed, NOW), changed)

    def test_anything_else_is_nothing(self) -> None:
        @given(st.binary(max_size=40) | st.binary(min_size=LENGTH, max_size=LENGTH))
        def check(value: bytes) -> None:
            self.assertIsNone(self.seal.open(value, NOW))

        check()

    def test_two_halves_do_not_make_a_whole(self) -> None:
        one, two = self.seal.seal("ex1", NOW), self.seal.seal("ex2", NOW)
        self.assertIsNone(self.seal.open(one[:16] + two[16:], NOW))

    def test_it_expires(self) -> None:
        seal = Seal(SECRET, "cas", HOSTS, expire=100.0)
        value = seal.seal("ex1", NOW)
        self.assertEqual(seal.open(value, NOW + 9), Sealed("ex1", old=False))
        self.assertEqual(seal.open(value, NOW + 10), Sealed("ex1", old=True))
        self.assertEqual(seal.open(value, NOW + 99), Sealed("ex1", old=True))
        self.assertIsNone(seal.open(value, NOW + 100))

    def test_a_clock_that_went_back_does_no_harm(self) -> None:
        seal = Seal(SECRET, "cas", HOSTS, expire=100.0)
        self.assertEqual(seal.open(seal.seal("ex1", NOW), NOW - 3600), Sealed("ex1", old=False))

    def test_a_time_cannot_be_changed(self) -> None:
        seal = Seal(SECRET, "cas", HOSTS, expire=100.0)
        before, after = seal.seal("ex1", NOW), seal.seal("ex1", NOW + 1000)
        self.assertIsNone(seal.open(after[:16] + before[16:], NOW + 1000))

    def test_one_that_never_expired_has_no_time_for_one_that_does(self) -> None:
        self.assertIsNone(Seal(SECRET, "cas", HOSTS, expire=100.0).open(self.seal.seal("ex1", NOW), NOW))

"""Sessions: told one slice after the other, and ended."""

from typing import Any

from attrs import evolve

from exproxy.admin.haproxy.sessions import _age
from exproxy.admin.views import SessionView
from tests.admin.haproxy.stage import RuntimeStage


class SessionsTests(RuntimeStage):
    def setUp(self) -> None:
        super().setUp()
        one = SessionView("00ab", "192.0.2.1:5", "mail", ("smtp/ex1",), 3700.0, 2, 3)
        two = evolve(one, id="00cd", client="[2001:db8::1]:5", servers=())
        self.sources.live = [one, two]

    def test_each_has_a_line(self) -> None:
        first, second, end = self.say("show sess").split("\n", 2)
        self.assertTrue(
            first.startswith("0x00ab: proto=tcpv4 src=192.0.2.1:5 fe=mail be=smtp srv=ex1 ts=00 epoch=0 age=1h1m calls="), first
        )
        self.assertTrue(second.startswith("0x00cd: proto=tcpv6 src=[2001:db8::1]:5 fe=mail be=<NONE> srv=<none> ts="), second)
        self.assertEqual(end, "\n")
        self.assertEqual(self.say("show sess foo"), self.say("show sess"), "as HAProxy does")

    def test_all_is_told_of_each_or_of_one(self) -> None:
        self.clock.advance(3700)  # Windows knows no time of day before 1970
        said = self.say("show sess all")
        for line in (
            "proto=tcpv4 source=192.0.2.1:5\n",
            "\n  frontend=mail (id=2), listener=? (id=1)\n",
            "\n  backend=smtp (id=4)\n  server=ex1 (id=1) addr=10.0.0.1\n",
            "\n  req=(total=2)\n  res=(total=3)\n",
            "\n  server=<NONE> (id=-1)\n",
        ):
            self.assertIn(line, said)
        one = self.say("show sess 0x00CD")
        self.assertTrue(one.startswith("0x00cd: ["))
        self.assertNotIn("00ab", one)
        self.assertEqual(self.say("show sess 0x1234"), "Session not found.\n\n")

    def test_of_a_server_that_is_in_no_list_only_the_name_is_told(self) -> None:
        """That of a port which was opened for a mapper's client."""
        self.clock.advance(3700)
        self.sources.live = [evolve(self.sources.live[0], servers=("smtp:49152/ex1",))]
        self.assertIn("\n  backend=smtp:49152 (id=0)\n  server=ex1 (id=0) addr=?\n", self.say("show sess all"))

    def test_one_is_ended(self) -> None:
        heard = self.hear()
        self.assertEqual(self.say("shutdown session 0x00ab"), "\n")
        self.assertEqual(heard, ["audit: uid 7 at the socket ended session 00ab of 192.0.2.1:5 with smtp/ex1"])
        self.assertEqual(self.say("shutdown session 0x1"), "No such session (use 'show sess').\n\n")
        for words in ("", " foo", " 0xzz", " 0x" + "1" * 50):
            self.assertEqual(self.say("shutdown session" + words), "Session pointer expected (use 'show sess').\n\n")

    def test_those_of_a_server_are_ended(self) -> None:
        self.assertEqual(self.say("shutdown sessions server smtp/ex1"), "\n")
        self.assertEqual(self.sources.ended, ["smtp/ex1"])
        self.assertEqual(self.say("shutdown sessions server smtp"), "Require 'backend/server'.\n\n")

    def test_ages_have_two_units_at_most(self) -> None:
        for seconds, age in ((0.4, "0s"), (59, "59s"), (3600, "1h"), (3660, "1h1m"), (90_061, "1d1h"), (86_401, "1d1s")):
            self.assertEqual(_age(seconds), age)

    def test_sessions_are_looked_for_only_when_they_are_read(self) -> None:
        places: list[Any] = []
        following = self.sources.sessions_after
        self.patch(self.sources, "sessions_after", lambda place: places.append(place) or following(place))
        pieces = self.runtime.say("show sess", self.conversation)
        self.assertEqual(places, [])
        next(pieces)
        self.assertEqual(places, [(0, "", 0)])
        next(pieces)
        self.assertEqual(places, [(0, "", 0), (0, "mail", 1)])

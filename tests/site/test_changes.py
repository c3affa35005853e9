"""What differs between two configurations is told in words."""

from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config import model
from exproxy.site.changes import changes, restarts

ONE = model.Server("ex1", "ex1", "192.0.2.1", 25)
HUB = model.Backend("hub", (ONE,))
SMTP = model.Frontend("smtp", "tcp", (model.Bind("192.0.2.9", 25, 25),), "hub")
BEFORE = model.Configuration(files=(), frontends={"smtp": SMTP}, backends={"hub": HUB})


class ChangesTests(SynchronousTestCase):
    def test_of_the_same_nothing(self) -> None:
        self.assertEqual(changes(BEFORE, BEFORE), ())

    def test_what_came_what_went_and_what_is_otherwise(self) -> None:
        two = attrs.evolve(ONE, name="ex2")
        after = attrs.evolve(
            BEFORE,
            frontends={"smtp": attrs.evolve(SMTP, maxconn=5), "imap": attrs.evolve(SMTP, name="imap")},
            backends={"hub": attrs.evolve(HUB, servers=(two,)), "web": attrs.evolve(HUB, name="web", servers=())},
        )
        self.assertEqual(
            changes(BEFORE, after),
            (
                "front end smtp was changed",
                "front end imap was added",
                "back end web was added",
                "server hub/ex1 was removed",
                "server hub/ex2 was added",
            ),
        )

    def test_a_back_end_is_not_changed_by_its_servers(self) -> None:
        after = attrs.evolve(BEFORE, backends={"hub": attrs.evolve(HUB, servers=(attrs.evolve(ONE, weight=3),))})
        self.assertEqual(changes(BEFORE, after), ("server hub/ex1 was changed",))

    def test_the_process(self) -> None:
        after = attrs.evolve(BEFORE, service=model.Service(maxconn=5, log=model.Log("json")))
        self.assertEqual(changes(BEFORE, after), ("service.maxconn was changed", "service.log was changed"))

    def test_who_is_told_is_named(self) -> None:
        self.assertEqual(changes(BEFORE, attrs.evolve(BEFORE, notify=model.Notify())), ("notify was changed",))


class RestartsTests(SynchronousTestCase):
    def test_what_needs_no_restart_is_none(self) -> None:
        after = attrs.evolve(BEFORE, service=model.Service(maxconn=5, log=model.Log("json")))
        self.assertEqual(restarts(BEFORE, after), [])

    def test_workers_and_the_administrators_way_in_are_told_by_their_keys(self) -> None:
        after = attrs.evolve(BEFORE, service=model.Service(workers=2), admin=model.Admin(("127.0.0.1", 7777)))
        workers, admin = restarts(BEFORE, after)
        self.assertIn("service.workers: 2 instead of 1 needs a restart", workers)
        self.assertIn("admin: where administrators come in, and whether with TLS, needs a restart", admin)

    def test_who_may_come_in_and_with_which_certificate_is_not(self) -> None:
        before = model.Admin(("127.0.0.1", 7777), tls=model.FrontTLS((model.Certificate(Path("a.pem")),)))
        other = model.FrontTLS((model.Certificate(Path("b.pem")),))
        after = attrs.evolve(before, users=(model.User("anna", "scrypt:", "viewer"),), tls=other, hsts=60.0)
        old, new = (attrs.evolve(BEFORE, admin=admin) for admin in (before, after))
        self.assertEqual(restarts(old, new), [])
        self.assertEqual(changes(old, new), ("admin.users was changed", "admin.tls was changed", "admin.hsts was changed"))
        self.assertEqual(len(restarts(old, attrs.evolve(BEFORE, admin=attrs.evolve(before, tls=None)))), 1)

"""Tests of exproxy.process.descriptors."""

import resource

from twisted.trial.unittest import SynchronousTestCase

from exproxy.process import descriptors
from exproxy.process.descriptors import DescriptorLimitError, ensure, needed, refusal

NEED = needed(maxconn=8_000, listeners=10, servers=4, checks=16, reserve=100)


class NeededTests(SynchronousTestCase):
    def test_a_session_has_two_and_the_rest_one(self) -> None:
        self.assertEqual(NEED.total, 16_130)

    def test_what_does_not_depend_on_the_sessions_is_apart(self) -> None:
        self.assertEqual(NEED.fixed, 130)


class RefusalTests(SynchronousTestCase):
    def test_it_says_what_is_needed_what_is_allowed_and_what_to_do(self) -> None:
        self.assertEqual(
            refusal(NEED, 4096),
            "maxconn = 8000 needs 16130 file descriptors (two a session, 130 for 10 listeners, 16 checks, "
            "4 servers and ourselves), the system allows 4096: lower [service] maxconn to 1983 or less, or raise the limit "
            "(LimitNOFILE=16130 in the systemd unit, or ulimit -n 16130 in the shell)",
        )

    def test_the_maxconn_that_it_offers_is_enough(self) -> None:
        self.assertLessEqual(needed(1983, 10, 4, 16, 100).total, 4096)

    def test_it_offers_no_maxconn_where_none_would_do(self) -> None:
        self.assertNotIn("lower", refusal(NEED, 100))


class EnsureTests(SynchronousTestCase):
    def limits(self, soft: int, hard: int, root: bool = False) -> None:
        self.now = (soft, hard)
        self.set: list[tuple[int, int]] = []

        def setrlimit(which: int, limits: tuple[int, int]) -> None:
            if limits[1] > hard and not root:
                raise ValueError("not allowed to raise maximum limit")
            self.set.append(limits)

        self.patch(descriptors.resource, "getrlimit", lambda which: self.now)
        self.patch(descriptors.resource, "setrlimit", setrlimit)

    def test_enough_is_left_as_it_is(self) -> None:
        self.limits(20_000, 20_000)
        ensure(NEED)
        self.assertEqual(self.set, [])

    def test_no_limit_is_left_as_it_is(self) -> None:
        self.limits(resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        ensure(NEED)
        self.assertEqual(self.set, [])

    def test_the_soft_limit_is_raised_to_what_is_needed(self) -> None:
        self.limits(1024, 20_000)
        ensure(NEED)
        self.assertEqual(self.set, [(16_130, 20_000)])

    def test_without_a_hard_limit_the_soft_one_is_raised_too(self) -> None:
        self.limits(1024, resource.RLIM_INFINITY)
        ensure(NEED)
        self.assertEqual(self.set, [(16_130, resource.RLIM_INFINITY)])

    def test_root_raises_the_hard_limit_too(self) -> None:
        self.limits(1024, 4096, root=True)
        ensure(NEED)
        self.assertEqual(self.set, [(16_130, 16_130)])

    def test_a_hard_limit_that_is_too_low_is_an_error_with_the_numbers(self) -> None:
        self.limits(1024, 4096)
        error = self.assertRaises(DescriptorLimitError, ensure, NEED)
        self.assertEqual(str(error), refusal(NEED, 4096))

"""Kinds of value, and validators that say sentences."""

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.kinds import BadValueError, Several, at_least, between, later, positive


@attrs.frozen
class Thing:
    size: int | None = attrs.field(default=None, validator=positive)
    share: int | None = attrs.field(default=None, validator=between(0, 9))
    count: int | None = attrs.field(default=None, validator=at_least(2))


class KindTests(SynchronousTestCase):
    def test_several_gives_its_values(self) -> None:
        self.assertEqual(Several((((0,), "a"), ((2,), "b"))).values(), ("a", "b"))

    def test_a_bad_value_is_a_value_error_with_a_hint(self) -> None:
        error = BadValueError("it is wrong", "do this")
        self.assertEqual((isinstance(error, ValueError), str(error), error.hint), (True, "it is wrong", "do this"))

    def test_a_later_key_says_what_to_do_instead(self) -> None:
        self.assertEqual(later("wait"), {"later": "wait"})


class ValidatorTests(SynchronousTestCase):
    def test_what_was_left_out_is_fine(self) -> None:
        self.assertEqual(Thing(), Thing(None, None, None))

    def test_each_says_what_it_wants(self) -> None:
        for values, words in (
            ({"size": 0}, "size has to be more than 0"),
            ({"share": 10}, "share is 10, but has to be from 0 to 9"),
            ({"count": 1}, "count is 1, but has to be at least 2"),
        ):
            self.assertEqual(str(self.assertRaises(ValueError, Thing, **values)), words)

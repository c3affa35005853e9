"""``rpc``."""

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.check.checkers.rpc import MOST, RpcChecker, RpcOptions, is_an_interface
from exproxy.check.interfaces import Target
from exproxy.wire.dialogue.rpc import RpcCheck


class RpcCheckerTests(SynchronousTestCase):
    def test_interface_and_mapper_are_the_options(self) -> None:
        dialogue = RpcChecker().dialogue(RpcOptions("nspi", mapper=True), Target("b/s", "192.0.2.1", 135, "mail"))
        assert isinstance(dialogue, RpcCheck)
        self.assertEqual(([each.name for each in dialogue.interfaces], dialogue.mapper), (["nspi"], True))
        self.assertEqual(dialogue.reached, 135)

    def test_several_interfaces_are_one_check(self) -> None:
        options = RpcOptions(("emsmdb", "nspi", "rfri"))
        dialogue = RpcChecker().dialogue(options, Target("b/s", "192.0.2.1", 6005, "mail"))
        assert isinstance(dialogue, RpcCheck)
        self.assertEqual([each.name for each in dialogue.interfaces], ["emsmdb", "nspi", "rfri"])

    def test_none_too_many_and_one_twice_are_refused(self) -> None:
        many = tuple(f"00000000-0000-0000-0000-{number:012x}" for number in range(MOST + 1))
        for names, why in (
            ((), "1 to 16 interfaces, not to 0"),
            (many, "not to 17"),
            (("nspi", "f5cc5a18-4264-101a-8c59-08002b2f8426"), "the interface nspi is there twice"),
        ):
            self.assertIn(why, str(self.assertRaises(ValueError, RpcOptions, names)))

    def test_a_misspelt_interface_is_refused_with_the_nearest_name(self) -> None:
        with self.assertRaises(ValueError) as caught:
            RpcOptions("emsmbd")
        self.assertIn("did you mean 'emsmdb'?", str(caught.exception))

    def test_an_interface_may_be_a_uuid(self) -> None:
        self.assertIsNone(is_an_interface(None, None, "a4f1db00-ca47-1067-b31f-00dd010662da/0.81"))

    def test_the_interface_has_to_be_said(self) -> None:
        with self.assertRaises(TypeError):
            RpcOptions()  # type: ignore[call-arg]  # that it is refused is the test

    def test_the_names_are_known_to_whoever_asks_for_one(self) -> None:
        self.assertEqual(attrs.fields(RpcOptions).interface.metadata["known"][:3], ("emsmdb", "asyncemsmdb", "nspi"))

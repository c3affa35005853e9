from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from fuzz.seeds import SEEDS
from fuzz.targets import TARGETS, turns


class TargetsTests(SynchronousTestCase):
    """The properties hold without atheris too, for what it sets out from and for a little that hypothesis makes of it."""

    def test_each_target_has_seeds_and_they_hold(self) -> None:
        self.assertEqual(SEEDS.keys(), TARGETS.keys())
        for name, target in TARGETS.items():
            seeds = list(SEEDS[name]())
            self.assertGreater(len(seeds), 5)
            for seed in seeds:
                target(seed)

    def test_seeds_with_a_few_octets_changed_hold(self) -> None:
        for name, target in TARGETS.items():
            seeds = list(SEEDS[name]())

            @given(st.sampled_from(seeds), st.integers(0, 5000), st.binary(min_size=1, max_size=4))
            def check(seed: bytes, at: int, noise: bytes) -> None:
                at %= len(seed)
                target(seed[:at] + noise + seed[at + len(noise) :])  # noqa: B023 - called within the turn of the loop

            check()
            self.assertTrue(seeds)

    def test_a_conversation_is_read_turn_by_turn(self) -> None:
        self.assertEqual(turns(b"\1\2\0ab\0\1\0c\1\xff\xffrest\0"), [(True, b"ab"), (False, b"c"), (True, b"rest\0")])
        self.assertEqual(turns(b"\1\2"), [])

    def test_a_turn_may_have_its_length_put_right(self) -> None:
        pdu = b"\5\0\0\3\x10\0\0\0\xff\xff\0\0\1\0\0\0more"
        self.assertEqual(turns(b"\3\x14\0" + pdu), [(True, pdu[:8] + b"\x14\0" + pdu[10:])])
        self.assertEqual(turns(b"\3\2\0ab"), [(True, b"ab")])

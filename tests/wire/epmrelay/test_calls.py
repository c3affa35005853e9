from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.epmrelay.bounds import CALLS, BoundError
from exproxy.wire.epmrelay.calls import Call, Calls, Kind
from exproxy.wire.errors import WireError
from exproxy.wire.rpc.pdu import Pdu
from tests.wire.epmrelay.talking import ask_map, pdus


def request(call_id: int) -> Pdu:
    return pdus(ask_map(call_id))[0]


def begun(*numbers: int) -> Calls:
    calls = Calls()
    for number in numbers:
        calls.begin(request(number), Call(Kind.MAP, 0))
    return calls


class CallsTests(SynchronousTestCase):
    def test_a_call_is_open_until_its_answer(self) -> None:
        calls = begun(2)
        self.assertEqual((2 in calls, 3 in calls), (True, False))
        self.assertEqual(calls.get(request(2)).kind, Kind.MAP)
        calls.end(2)
        self.assertRaises(WireError, calls.get, request(2))

    def test_a_number_is_one_calls(self) -> None:
        self.assertRaises(WireError, begun(2).begin, request(2), Call(Kind.OTHER, 0))

    def test_but_may_be_used_again_when_the_client_has_given_up(self) -> None:
        calls = begun(2)
        calls.give_up(2)
        calls.begin(request(2), Call(Kind.OTHER, 0))
        self.assertEqual(calls.get(request(2)).kind, Kind.OTHER)

    def test_only_so_many_are_open(self) -> None:
        calls = begun(*range(CALLS))
        self.assertRaises(BoundError, calls.begin, request(CALLS), Call(Kind.MAP, 0))

    def test_the_oldest_that_was_given_up_makes_room(self) -> None:
        calls = begun(*range(CALLS))
        calls.give_up(9)
        calls.give_up(5)
        calls.begin(request(CALLS), Call(Kind.MAP, 0))
        self.assertEqual((5 in calls, 9 in calls, CALLS in calls), (False, True, True))

    def test_what_is_refused_is_known(self) -> None:
        calls = begun(2)
        calls.begin(request(3), Call(Kind.REFUSED, 0))
        self.assertEqual([calls.refuses(number) for number in (2, 3, 4)], [False, True, False])

    def test_giving_up_and_ending_what_never_was_changes_nothing(self) -> None:
        calls = begun(2)
        calls.give_up(3)
        calls.end(3)
        self.assertIn(2, calls)

    def test_who_waits_for_an_answer_is_known(self) -> None:
        calls = begun(2, 3)
        self.assertEqual(calls.unanswered(), "call 2")
        calls.give_up(2)
        self.assertEqual(calls.unanswered(), "call 3")
        calls.end(3)
        self.assertIsNone(calls.unanswered())

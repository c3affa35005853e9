"""One message in its forms."""

import json

from twisted.trial.unittest import SynchronousTestCase

from exproxy.notify.message import LONGEST, MOST, Message, plain
from exproxy.notify.news import News, Story, stamp
from tests.notify.stories import AT, message, news


def admin(server: str, state: str = "draining", reason: str = "host ex1 was set to drain by anna") -> Story:
    return Story.of(News("admin", server, state, reason, f"{server} is {state}: {reason}", AT, state != "ready"))


class MessageTests(SynchronousTestCase):
    def test_one_change_is_subject_and_text(self) -> None:
        sentence = "hub/ex2 is down: SMTP said 421; 1 of 2 servers of hub left"
        self.assertEqual(message().subject, f"[proxy1] {sentence}")
        self.assertEqual(message().text(), f"{stamp(AT)} {sentence}")

    def test_of_several_the_subject_names_the_worst(self) -> None:
        both = message(Story.of(news("up", subject="hub/ex1")), Story.of(news()))
        self.assertEqual(both.subject, "[proxy1] hub/ex2 is down: SMTP said 421; 1 of 2 servers of hub left (and 1 more)")
        self.assertEqual(len(both.text().splitlines()), 2)

    def test_a_host_that_was_set_is_one_line(self) -> None:
        servers = [admin(f"{backend}/ex1") for backend in ("smtp", "imap", "owa")]
        line = "smtp/ex1, imap/ex1, owa/ex1: draining: host ex1 was set to drain by anna"
        self.assertEqual(message(*servers).text(), f"{stamp(AT)} {line}")
        self.assertEqual(message(*servers).subject, f"[proxy1] {line}")

    def test_programs_get_every_fact(self) -> None:
        story = Story.of(news("up", AT)).then(Story.of(news("down", AT + 5)))
        facts = json.loads(message(story).json())
        (event,) = facts["events"]
        self.assertEqual((facts["version"], facts["host"], facts["omitted"]), (1, "proxy1", 0))
        self.assertEqual(facts["text"], message(story).text())
        self.assertEqual([change["state"] for change in event.pop("history")], ["up", "down"])
        self.assertEqual(
            event,
            {
                "kind": "server",
                "subject": "hub/ex2",
                "state": "down",
                "bad": True,
                "reason": "SMTP said 421",
                "text": story.text(),
                "since": stamp(AT + 5),
                "changes": 2,
                "began": stamp(AT),
            },
        )

    def test_what_came_later_is_told_with_what_was_not_taken(self) -> None:
        first = message(Story.of(news()), Story.of(news(subject="hub/ex1")))
        both = first.then(message(Story.of(news("up", AT + 30))))
        self.assertEqual(
            [(story.last.subject, story.last.state, story.count) for story in both.stories],
            [("hub/ex1", "down", 1), ("hub/ex2", "up", 2)],
        )

    def test_more_than_anybody_reads_is_counted(self) -> None:
        many = message(*(Story.of(news(subject=f"hub/ex{number}")) for number in range(MOST + 7)))
        self.assertEqual(many.text().splitlines()[-1], "and 7 more")
        self.assertEqual((len(many.facts()["events"]), many.facts()["omitted"]), (MOST, 7))

    def test_a_subject_is_one_line_of_some_length(self) -> None:
        bad = message(Story.of(news(reason="554 No\r\nBcc: all@example.com\x1b[2J" + "x" * 1000)))
        self.assertLessEqual(len(bad.subject), LONGEST + len("[proxy1] "))
        for text in (bad.subject, bad.text()):
            self.assertNotIn("\n", text)
            self.assertNotIn("\r", text)
            self.assertNotIn("\x1b", text)

    def test_a_subject_that_is_cut_still_says_what_is_so(self) -> None:
        subject = message(Story.of(news(reason="554 No" + "x" * 1000)), Story.of(news("up", subject="hub/ex1"))).subject
        self.assertTrue(subject.startswith("[proxy1] hub/ex2 is down: 554 No"), subject)
        self.assertTrue(subject.endswith("xx; 1 of 2 servers of hub left (and 1 more)"), subject)

    def test_what_is_no_text_at_all_is_sent_nevertheless(self) -> None:
        json.loads(Message((Story.of(news(reason="\udcff")),), "proxy1").json())
        self.assertEqual(plain(" a\tb\u2028c "), "a b c")

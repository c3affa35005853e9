"""Everything about one server: its checks and what was said in them, its sessions, what happened to it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from attrs import frozen
from twisted.web.template import Tag, tags

from exproxy.admin.page import buttons, signs
from exproxy.admin.page.elements import Inside, cell, chart, log, moment, part, place, section, sign, transition_row
from exproxy.admin.page.facts import Facts, check_text
from exproxy.admin.page.words import count, duration, milliseconds, octets
from exproxy.admin.views import CheckView, DialogueView, ServerView, SessionView
from exproxy.pool import Admin


@frozen
class ServerPage:
    """:param sessions: those that live, or the first of them.

    :param steering: whether who looks may act.
    """

    view: ServerView
    facts: Facts
    now: float
    sessions: Sequence[SessionView]
    dialogues: Sequence[DialogueView]
    steering: bool

    def render(self) -> Tag:
        """What stands in ``main``."""
        full = f"{self.view.backend}/{self.view.name}"
        title = tags.h1(
            tags.small(tags.a("all", href="/"), " / ", self.view.backend, " / "),
            self.view.name,
            " ",
            place(self.facts, f"s {full} state", class_="sign"),
        )
        return Tag("main")(
            title,
            part("orders", buttons.of_server(self.view) if self.steering else ""),
            part("state", self._state()),
            part("checks", *self._checks()),
            self._charts(full),
            part("sessions", self._sessions()),
            part("history", self._history()),
            **{"id": "main", "tabindex": "-1", "data-refresh": "5"},
        )

    def _state(self) -> Tag:
        view = self.view
        said: list[tuple[Inside, ...]] = [
            ("Checks say", sign(view.operational.value, signs.FOUND[view.operational]), " for ", moment(view.since, self.now)),
            *self._condition(),
            ("Set on the server", view.own_admin.value),
            (f"Set on its host {view.host}", view.host_admin.value),
            *self._agent(),
            ("Address", *self._address()),
            ("Weight", place(self.facts, self._name("weight"))),
            ("Sessions", place(self.facts, self._name("sessions")), ", ", place(self.facts, self._name("total")), " ever"),
            ("New a second", place(self.facts, self._name("rate")), " ", place(self.facts, self._name("max"), class_="most")),
            ("Waiting for it", count(view.queued)),
            ("Octets in, out", place(self.facts, self._name("in")), ", ", place(self.facts, self._name("out"))),
            ("Failed connects", count(view.failed_connects)),
            ("Backup", "yes" if view.backup else "no"),
        ]
        return tags.section(tags.dl(*(tags.div(tags.dt(label), tags.dd(*inside)) for label, *inside in said), class_="facts"))

    def _condition(self) -> Iterable[tuple[Inside, ...]]:
        """Unless that is all well, of which the checks say more."""
        if signs.server(self.view).tone != "good":
            yield ("Altogether it", self.view.condition)

    def _agent(self) -> Iterable[tuple[Inside, ...]]:
        if self.view.agent_text or self.view.agent_admin is not Admin.READY:
            yield ("Its agent says", f"{self.view.agent_admin.value}: {self.view.agent_text}")

    def _address(self) -> Iterable[Inside]:
        yield place(self.facts, self._name("where"))
        if self.view.interface:
            yield f", the port of {self.view.interface} as its endpoint mapper tells it"
        if self.view.port_error:
            yield tags.span(self.view.port_error, class_="line")

    def _checks(self) -> Iterable[Tag]:
        yield tags.h2("Checks")
        if not self.view.checks:
            yield tags.p("It has none, and is taken for well.", class_="nothing")
        for check in self.view.checks:
            said = [one for one in self.dialogues if one.kind == "check" and one.name == check.name]
            yield self._check(check, said)
        for one in self.dialogues:
            if one.kind != "check":
                yield self._other(one)

    def _check(self, check: CheckView, dialogues: Sequence[DialogueView]) -> Tag:
        found = signs.check(check)
        ago = (moment(check.at, self.now)(class_="ago"), " ") if check.at is not None else ()
        said = [tags.p(tags.strong(check.name), " ", sign(found.word, found.tone), " ", tags.small(*ago, check_text(check)))]
        if check.text:
            said.append(tags.p(check.text))
        said += [tags.p(sign(warning, "warn")) for warning in check.warnings]
        if check.certificate is not None:
            until = datetime.fromtimestamp(check.certificate.not_after, UTC).date().isoformat()
            left = signs.days(check.certificate.days)
            said.append(tags.p("certificate ", check.certificate.subject, ", until ", until, ", ", sign(left.word, left.tone)))
        said += [_dialogue(one) for one in dialogues]
        if check.line and not dialogues:
            said.append(_lines((check.line,), f"The last line of check {check.name}"))
        return tags.article(*said, class_="check")

    def _other(self, one: DialogueView) -> Tag:
        """Of its agent, or of its endpoint mapper."""
        name = "agent" if one.kind == "agent" else f"port of {one.name}, asked of its endpoint mapper"
        ago = moment(one.at, self.now)(class_="ago")
        head = tags.p(tags.strong(name), " ", tags.small(ago, f" {one.status}, {milliseconds(one.duration)}"))
        return tags.article(head, tags.p(one.text), _dialogue(one), class_="check")

    def _charts(self, full: str) -> Tag:
        name = f"s {full}"
        sessions = tags.figure(
            tags.figcaption(tags.span("Sessions"), place(self.facts, f"{name} sessions", "b")),
            chart(self.facts, f"{name} chart", "Sessions in the last ten minutes"),
            **{"data-plot": "sessions"},
        )
        keys = (tags.span("From clients", class_="key in"), tags.span("to clients", class_="key out"))
        note = tags.small("a second")
        amounts = tags.figure(tags.figcaption(*keys, note), **{"data-plot": "octets"})
        plots = tags.div(sessions, amounts, class_="plots", **{"data-series": f"server/{self.view.backend}/{self.view.name}"})
        return tags.section(tags.h2("The last ten minutes"), plots)

    def _sessions(self) -> Tag:
        if not self.sessions:
            return section("Sessions", tags.p("There are none.", class_="nothing"))
        rows = [
            tags.tr(
                cell("Client", one.client),
                cell("Front end", one.frontend),
                cell("For", duration(one.seconds)),
                cell("In", octets(one.bytes_in), class_="number"),
                cell("Out", octets(one.bytes_out), class_="number"),
            )
            for one in self.sessions
        ]
        return section("Sessions", log("", ("Client", "Front end", "For", "In", "Out"), rows))

    def _history(self) -> Tag:
        rows = [transition_row(transition, self.now) for transition in reversed(self.view.history)]
        return section("History", log("Nothing has changed yet.", ("When", "State", "Why"), rows))

    def _name(self, key: str) -> str:
        return f"s {self.view.backend}/{self.view.name} {key}"


def _dialogue(one: DialogueView) -> Tag:
    return _lines(one.lines, f"What was said: {one.kind} {one.name}")


def _lines(lines: Iterable[str], label: str) -> Tag:
    """What a server said is data, whatever it looks like."""
    kinds = {"<<<": "theirs", ">>>": "ours", "---": "event"}
    shown = [tags.span(line, "\n", class_=kinds.get(line[:3], "theirs")) for line in lines]
    return tags.pre(*shown, tabindex="0", **{"aria-label": label})

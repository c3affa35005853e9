"""Who is let in, and how much one source may have: access rules and limits of a front end."""

from typing import Any

import attrs

from exproxy.config.model import Access, PerSource
from exproxy.config.problems import KeyPath
from exproxy.config.report import Report, settings
from exproxy.config.sections import AccessSection, FrontendSection
from exproxy.config.web import WebBuilder, criteria_said

_SETTINGS = (
    "conn_cur",
    "conn_rate",
    "http_req_rate",
    "basic_failures",
    "bad_commands",
    "auth_failures",
    "action",
    "ipv4_prefix",
    "ipv6_prefix",
    "size",
)
_OF_HTTP = ("http_req_rate", "basic_failures")
_OF_MAIL = ("bad_commands", "auth_failures")
_LIMITS = ("conn_cur", "conn_rate", *_OF_HTTP, *_OF_MAIL)
_MAIL = ("smtp", "imap", "pop3")
_STATUSES = (400, 403, 404, 421, 429, 500, 503)


@attrs.frozen
class ProtectionBuilder:
    """Builds what a front end says about sources; every problem goes to the report.

    :param web: knows what a request may be like.
    """

    report: Report
    web: WebBuilder

    def access(self, path: KeyPath, section: FrontendSection) -> tuple[Access, ...]:
        """The rules, in their order; one behind a rule that takes everything would never be asked."""
        rules = []
        everything: KeyPath | None = None
        for below, rule in section.access.items:
            here = (*path, "access", *below)
            if everything is not None:
                where = self.report.tree.place(everything).line
                self.report.problem(here, f"the rule before it, in line {where}, takes everything: this one is never asked")
            rules.append(self._rule(here, rule, section.mode == "http"))
            if not (rule.src.items or criteria_said(rule)):
                everything = here
        return tuple(rules)

    def _rule(self, path: KeyPath, rule: AccessSection, of_http: bool) -> Access:
        if not of_http:
            said = [*criteria_said(rule), *(["status"] if rule.status is not None else [])]
            said += ["action"] if rule.action == "tarpit" else []
            if said:
                hint = "other modes know networks (src) alone, and let in or not"
                self.report.problem((*path, said[0]), 'this belongs to mode = "http"', hint)
        if rule.status is not None:
            if rule.action == "allow":
                self.report.problem((*path, "status"), "who is let in gets the answer of a server")
            elif rule.status not in _STATUSES:
                message = f"there is no page for {rule.status}"
                self.report.problem((*path, "status"), message, f"it is one of {', '.join(map(str, _STATUSES))}")
        criteria: dict[str, Any] = self.web.criteria(path, rule)
        if rule.status is not None:
            criteria["status"] = rule.status
        return Access(rule.action, sources=tuple(dict.fromkeys(rule.src.values())), **criteria)

    def per_source(self, path: KeyPath, front: FrontendSection) -> PerSource | None:
        """``None`` where nothing is limited."""
        section = front.per_source
        if section is None:
            return None
        path = (*path, "per_source")
        mail = front.mode in _MAIL
        for word in _SETTINGS:
            if getattr(section, word) is None:
                continue
            if word in _OF_MAIL and not mail:
                hint = 'write mode = "smtp", "imap" or "pop3", or leave it out'
                self.report.problem((*path, word), "this belongs to the modes that speak mail", hint)
            elif (word in _OF_HTTP and front.mode != "http") or (word == "action" and front.mode != "http" and not mail):
                hint = "other modes limit connections: conn_cur, conn_rate"
                self.report.problem((*path, word), 'this belongs to mode = "http"', hint)
        if all(getattr(section, word) is None for word in _LIMITS):
            self.report.problem(path, "nothing is limited here", f"limits are {', '.join(_LIMITS)}")
        said: dict[str, Any] = settings(_SETTINGS, (section,))
        return PerSource(exempt=tuple(dict.fromkeys(section.exempt.values())), **said)

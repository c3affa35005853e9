"""The sections and the model say the same things."""

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config import model, sections


def names(kind: type) -> set[str]:
    return {attribute.name for attribute in attrs.fields(kind)}


class SectionTests(SynchronousTestCase):
    def test_every_timeout_of_the_model_can_be_said(self) -> None:
        self.assertEqual(names(sections.TimeoutsSection), names(model.Timeouts))

    def test_every_time_and_count_of_a_check_can_be_said(self) -> None:
        self.assertEqual(names(sections.TimingSection), names(model.CheckTiming))

    def test_what_the_model_has_can_be_said(self) -> None:
        for section, kind, elsewhere in (
            (sections.FrontendSection, model.Frontend, {"name", "binds", "mapper", "web", "mail"}),
            (sections.FrontendSection, model.Mapper, set()),
            (sections.FrontendSection, model.Web, {"trusted"}),
            (sections.FrontendSection, model.Mail, {"end_to_end"}),
            (sections.RedirectSection, model.Redirect, set()),
            (sections.MappedSection, model.Mapped, {"interface"}),
            (sections.BindSection, model.Bind, {"first_port", "last_port"}),
            (sections.BackendSection, model.Backend, {"name"}),
            (sections.ServerSection, model.Server, {"name", "checks", "mapping"}),
            (sections.CheckSection, model.Check, {"timing"}),
            (sections.CheckTLSSection, model.CheckTLS, {"fronts", "bound"}),
            (sections.ServerTLSSection, model.ServerTLS, {"fronts", "place"}),
            (sections.TableSection, model.Table, {"cookie", "app_cookie"}),
            (sections.PersistenceSection, model.Cookie, set()),
            (sections.LogSection, model.Log, set()),
            (sections.AgentSection, model.Agent, set()),
            (sections.MapperSection, model.Mapping, {"interface", "mapper"}),
        ):
            self.assertEqual(names(kind) - names(section) - elsewhere, set(), section)

    def test_both_have_the_same_defaults(self) -> None:
        for section, thing in (
            (sections.LogSection(), model.Log()),
            (sections.AgentSection(3), model.Agent(3)),
        ):
            common = names(type(section)) & names(type(thing))
            self.assertEqual({name: getattr(section, name) for name in common}, {name: getattr(thing, name) for name in common})

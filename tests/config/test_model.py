"""The model stands for itself; what it promises is that nothing can be changed behind a reader's back."""

from pathlib import Path

import attrs
from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.model import Configuration, Timeouts
from exproxy.config.problems import Problem


class ModelTests(SynchronousTestCase):
    def test_a_configuration_cannot_be_changed(self) -> None:
        self.assertRaises(attrs.exceptions.FrozenInstanceError, setattr, Timeouts(), "connect", 1.0)

    def test_warnings_do_not_make_configurations_differ(self) -> None:
        configuration = Configuration(files=())
        warned = attrs.evolve(configuration, warnings=(Problem(Path("x"), 1, "a", "b"),))
        self.assertEqual(configuration, warned)

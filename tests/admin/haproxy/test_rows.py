"""A row in each form."""

import json

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.haproxy.fields import STAT
from exproxy.admin.haproxy.rows import Row, header

ROW = Row("Backend", 4, 0, {"pxname": "hub", "svname": "BACKEND", "act": 2, "last_chk": 'SMTP said "no", twice\r\n', "-": "-"})


class RowTests(SynchronousTestCase):
    def test_a_row_has_as_many_commas_as_the_header(self) -> None:
        self.assertEqual(header().count(","), len(STAT))
        plain = Row("Server", 4, 1, {"pxname": "hub", "svname": "ex1"}).csv()
        self.assertEqual((plain.count(","), plain[:8]), (len(STAT), "hub,ex1,"))

    def test_what_would_break_the_row_for_simple_scripts_is_not_in_it(self) -> None:
        self.assertIn(',"SMTP said ""no""; twice",', ROW.csv())
        self.assertEqual(ROW.csv().count(","), len(STAT))

    def test_typed_says_what_and_how(self) -> None:
        self.assertEqual(ROW.typed().splitlines()[2], "B.4.0.19.act.1:MGP:u32:2")
        self.assertTrue(ROW.typed().endswith("\n\n"))
        self.assertIn("S.4.1.19.act.1:SGP:u32:1", Row("Server", 4, 1, {"act": 1}).typed())

    def test_json_says_the_same_in_words(self) -> None:
        first, _, act, _ = json.loads(ROW.json())
        self.assertEqual((first["objType"], first["proxyId"], first["value"]), ("Backend", 4, {"type": "str", "value": "hub"}))
        self.assertEqual(act["tags"], {"origin": "Metric", "nature": "Gauge", "scope": "Process"})
        self.assertEqual(act["field"], {"pos": 19, "name": "act"})

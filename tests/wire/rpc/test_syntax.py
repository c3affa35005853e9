from uuid import UUID

from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.interfaces import EMSMDB
from exproxy.wire.rpc.ndr import NdrReader, NdrWriter
from exproxy.wire.rpc.syntax import NDR, Syntax, bind_time_features, read_syntax, write_syntax


class SyntaxTests(SynchronousTestCase):
    def test_the_version_of_emsmdb_is_0x00510000_on_the_wire(self) -> None:
        writer = NdrWriter()
        write_syntax(writer, EMSMDB.syntax)
        self.assertEqual(bytes(writer)[16:], (0x00510000).to_bytes(4, "little"))

    def test_it_is_read_as_it_was_written(self) -> None:
        writer = NdrWriter("big")
        write_syntax(writer, EMSMDB.syntax)
        self.assertEqual(read_syntax(NdrReader(bytes(writer), "big", "it"), "syntax"), EMSMDB.syntax)

    def test_a_server_serves_its_own_and_smaller_minor_versions_only(self) -> None:
        server = Syntax(NDR.uuid, 2, 3)
        served = [server.serves(Syntax(NDR.uuid, *version)) for version in ((2, 3), (2, 0), (2, 4), (1, 0), (3, 0))]
        self.assertEqual(served, [True, True, False, False, False])
        self.assertFalse(server.serves(Syntax(EMSMDB.uuid, 2, 3)))

    def test_bind_time_features_carry_their_mask(self) -> None:
        self.assertEqual(bind_time_features(3).uuid, UUID("6cb71c2c-9812-4540-0300-000000000000"))
        self.assertEqual([bind_time_features(3).features, bind_time_features(0).features, NDR.features], [3, 0, None])

    def test_people_read_uuid_and_version(self) -> None:
        self.assertEqual(str(NDR), "8a885d04-1ceb-11c9-9fe8-08002b104860 v2.0")

import base64
import os
from pathlib import Path

import spnego
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.legs import answers_challenge


def said(scheme: str, token: bytes | None) -> bytes:
    return f"{scheme} {base64.b64encode(token or b'').decode()}".encode()


class LegsTests(SynchronousTestCase):
    def legs(self, scheme: str) -> tuple[bytes, bytes]:
        """What a real client says first, and then to the challenge of a real server."""
        users = Path(self.mktemp())
        users.write_text("EXAMPLE:anna:secret\n")
        self.patch(os, "environ", {**os.environ, "NTLM_USER_FILE": str(users)})
        client = spnego.client("EXAMPLE\\anna", "secret", protocol=scheme.lower())
        server = spnego.server(protocol=scheme.lower())
        first = client.step()
        return said(scheme, first), said(scheme, client.step(server.step(first)))

    def test_the_answer_to_a_challenge_belongs_to_its_connection_and_the_first_word_to_none(self) -> None:
        for scheme in ("NTLM", "Negotiate"):
            first, second = self.legs(scheme)
            self.assertEqual((answers_challenge(first), answers_challenge(second)), (False, True), scheme)

    def test_ntlm_within_negotiate_without_its_wrapping_does_too(self) -> None:
        _, second = self.legs("NTLM")
        self.assertTrue(answers_challenge(second.replace(b"NTLM ", b"negotiate  ")))

    def test_other_credentials_belong_to_none(self) -> None:
        for authorization in (b"", b"Basic b2RvOnM=", b"Bearer o", b"NTLM", b"Negotiate YIIGhgYGKwYBBQUC", b"Digest oo"):
            self.assertFalse(answers_challenge(authorization), authorization)

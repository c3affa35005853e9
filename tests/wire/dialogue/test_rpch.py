from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.dialogue.base import Dialogue, Outcome, Send, Status
from exproxy.wire.dialogue.rpch import basic, echo, knock
from exproxy.wire.rts import ECHO, RtsHeader
from tests.wire.dialogue.playing import GarbageMixin, PlayTestCase

PATH = "/rpc/rpcproxy.dll?ex1:6001"


class RpchPlay(PlayTestCase):
    def answered(self, *said: str, body: bytes = b"") -> Outcome:
        (request,) = self.dialogue().start()
        assert isinstance(request, Send)
        head = [f"server: {line}" for line in (*said, f"Content-Length: {len(body)}", "")]
        return self.play("we: " + request.data.decode().removesuffix("\r\n"), *head, *([body] if body else []))


class KnockTests(RpchPlay, GarbageMixin):
    def dialogue(self) -> Dialogue:
        return knock("RPC_OUT_DATA", PATH, "mail.example.com")

    def test_the_request_is_an_echo_request_without_credentials(self) -> None:
        (request,) = self.dialogue().start()
        assert isinstance(request, Send)
        self.assertEqual(
            request.data.decode().split("\r\n"),
            [
                "RPC_OUT_DATA /rpc/rpcproxy.dll?ex1:6001 HTTP/1.1",
                "Host: mail.example.com",
                "Connection: close",
                "Content-Length: 0",
                "Accept: application/rpc",
                "User-Agent: MSRPC",
                "Cache-Control: no-cache",
                "Pragma: No-cache",
                "",
                "",
            ],
        )

    def test_a_proxy_that_asks_who_is_there_is_well(self) -> None:
        outcome = self.answered("HTTP/1.1 401 Unauthorized", "WWW-Authenticate: NTLM")
        self.assertEqual((outcome.status, outcome.text), (Status.L7OKD, f"RPC_OUT_DATA {PATH} said 401 Unauthorized"))

    def test_a_401_that_does_not_say_how_is_not_the_proxys(self) -> None:
        outcome = self.answered("HTTP/1.1 401 Unauthorized")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertIn("without the header WWW-Authenticate", outcome.text)

    def test_a_server_without_the_proxy_is_not_well(self) -> None:
        outcome = self.answered("HTTP/1.1 404 Not Found")
        self.assertEqual((outcome.status, outcome.code), (Status.L7STS, 404))


class EchoTests(RpchPlay, GarbageMixin):
    def dialogue(self) -> Dialogue:
        return echo("RPC_IN_DATA", PATH, "mail.example.com", "anna", "demo")

    def test_the_request_has_the_credentials(self) -> None:
        (request,) = self.dialogue().start()
        assert isinstance(request, Send)
        self.assertIn(b"\r\nAuthorization: Basic YW5uYTpkZW1v\r\n", request.data)

    def test_a_proxy_that_echoes_is_well(self) -> None:
        outcome = self.answered("HTTP/1.1 200 Success", "Content-Type: application/rpc", body=ECHO.encode())
        text = f"RPC_IN_DATA {PATH} said 200 Success with an echo"
        self.assertEqual((outcome.status, outcome.text, outcome.code), (Status.L7OKD, text, 200))

    def test_a_page_is_no_echo(self) -> None:
        outcome = self.answered("HTTP/1.1 200 OK", body=b"<html>welcome</html>")
        self.assertEqual(outcome.status, Status.L7STS)
        self.assertIn("its body is no echo (RTS header: version 60.104 is not 5.0", outcome.text)

    def test_an_empty_answer_is_no_echo(self) -> None:
        self.assertEqual(self.answered("HTTP/1.1 200 OK").status, Status.L7STS)

    def test_another_rts_pdu_is_no_echo(self) -> None:
        outcome = self.answered("HTTP/1.1 200 Success", body=RtsHeader(1).encode())
        self.assertIn("with flags 0x0001 and 20 octets its body is no echo", outcome.text)

    def test_something_behind_the_echo_is_no_echo(self) -> None:
        outcome = self.answered("HTTP/1.1 200 Success", body=ECHO.encode() + b"more")
        self.assertIn("with flags 0x0040 and 24 octets its body is no echo", outcome.text)

    def test_wrong_credentials_are_told(self) -> None:
        outcome = self.answered("HTTP/1.1 401 Unauthorized", "WWW-Authenticate: NTLM", 'www-authenticate: basic realm="x"')
        self.assertEqual((outcome.status, outcome.code), (Status.L7STS, 401))
        self.assertIn("the user or the password is wrong, or may not use the RPC proxy", outcome.text)

    def test_a_proxy_that_takes_no_basic_authentication_says_what_it_takes(self) -> None:
        outcome = self.answered("HTTP/1.1 401 Unauthorized", "WWW-Authenticate: Negotiate", "WWW-Authenticate: NTLM")
        self.assertIn("it takes no Basic authentication, but Negotiate, NTLM", outcome.text)
        self.assertIn("it takes no Basic authentication, nor any other", self.answered("HTTP/1.1 401 Unauthorized").text)

    def test_another_status_is_told(self) -> None:
        outcome = self.answered("HTTP/1.1 503 Service Unavailable")
        self.assertEqual(outcome.text, f"RPC_IN_DATA {PATH} said 503 Service Unavailable, expected 200 with an echo")

    def test_a_close_within_the_echo_is_no_answer(self) -> None:
        check = self.dialogue()
        check.start()
        check.receive(b"HTTP/1.1 200 Success\r\nContent-Length: 20\r\n\r\n" + ECHO.encode()[:19])
        (finish,) = check.closed()
        self.assertIn("closed within the body", str(finish))


class BasicTests(SynchronousTestCase):
    def test_credentials_are_written_in_utf_8(self) -> None:
        self.assertEqual(basic("jürgen", "a:b"), "Basic asO8cmdlbjphOmI=")

    def test_a_colon_in_the_name_is_refused_without_telling_the_password(self) -> None:
        error = self.assertRaises(ValueError, basic, "a:b", "secret")
        self.assertNotIn("secret", str(error))

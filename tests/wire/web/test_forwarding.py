"""Tests for :mod:`exproxy.wire.web.forwarding`."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from exproxy.wire.web.claims import certificate_claims
from exproxy.wire.web.errors import HttpError
from exproxy.wire.web.forwarding import Forwarder, Forwarding
from exproxy.wire.web.origin import Origin, Tell
from exproxy.wire.web.reading import RequestReader
from exproxy.wire.web.rules import header_rules
from tests.wire.web.heads import octets, request, response

SILENT = Forwarding(tell=frozenset())
CLIENT = Origin("192.0.2.7", tls=True)


def sent(*lines: str, forwarding: Forwarding = SILENT, start: str = "GET /owa/ HTTP/1.1", host: str = "Host: a") -> list[str]:
    """The lines that the server gets, behind the first."""
    data = Forwarder(forwarding, CLIENT).request(request(*lines, start=start, host=host))
    return data.decode("latin-1").split("\r\n")[1:-2]


class RequestTests(SynchronousTestCase):
    def test_order_case_and_values_stay(self) -> None:
        lines = ("x-MS-Thing:  spaced  out ", "Cookie: a=b", "ACCEPT:*/*", "cookie: c=d", "X: \xe4")
        data = Forwarder(SILENT, CLIENT).request(request(*lines, start="RPC_IN_DATA /Rpc/%61?x HTTP/1.1", host="HOST: A"))
        self.assertEqual(data, octets("RPC_IN_DATA /Rpc/%61?x HTTP/1.1", "HOST: A", *lines))

    def test_what_is_for_one_connection_goes(self) -> None:
        lines = (
            "Connection: keep-alive",
            "Keep-Alive: 300",
            "Proxy-Connection: x",
            "Proxy-Authorization: Basic eDp5",
            "TE: gzip",
        )
        self.assertEqual(sent(*lines, "Authorization: NTLM x"), ["Host: a", "Authorization: NTLM x"])

    def test_what_only_looks_like_framing_goes(self) -> None:
        self.assertEqual(
            sent("Content_Length: 5", "TRANSFER_ENCODING: chunked", "Content-Length: 6"), ["Host: a", "Content-Length: 6"]
        )

    def test_what_connection_names_goes(self) -> None:
        self.assertEqual(sent("X-Hop: 1", "Connection: close, X-Hop", "X-Other: 2"), ["Host: a", "X-Other: 2"])

    def test_connection_cannot_name_what_must_stay(self) -> None:
        lines = ("Authorization: x", "Content-Length: 5", "Cookie: c")
        self.assertEqual(sent("Connection: host, authorization, content-length, cookie", *lines), ["Host: a", *lines])

    def test_connection_cannot_name_what_we_add(self) -> None:
        forwarding = Forwarding(request=header_rules(replace={"X-Ours": "1"}))
        lines = sent("Connection: x-forwarded-for, x-forwarded-proto, x-ours, front-end-https", forwarding=forwarding)
        self.assertEqual(len(lines), 6)
        self.assertIn("X-Forwarded-For: 192.0.2.7", lines)
        self.assertEqual(lines[-1], "X-Ours: 1")

    def test_clients_cannot_say_who_their_certificate_says_they_are(self) -> None:
        lines = ("X-SSL-Client-Verify: SUCCESS", "x_ssl_client_dn: CN=admin", "Client-Cert: :MII=:", "X-ARR-ClientCert: MII")
        self.assertEqual(sent(*lines, "X-Who: root", "X-Other: 1"), ["Host: a", "X-Who: root", "X-Other: 1"])
        chosen = Forwarding(tell=frozenset(), identity=certificate_claims(["X-Who"]))
        self.assertEqual(sent(*lines, "X-Who: root", "X-Other: 1", forwarding=chosen), ["Host: a", "X-Other: 1"])

    def test_a_trusted_proxy_can_unless_we_know_better(self) -> None:
        trusted = Origin("192.0.2.7", tls=True, trusted=True)
        asked = request("X-SSL-Client-DN: CN=anna", "X_SSL_Client-Verify: SUCCESS")
        self.assertIn(b"X-SSL-Client-DN: CN=anna\r\n", Forwarder(SILENT, trusted).request(asked))
        about = {"X-SSL-Client-DN": "CN=proxy", "X-SSL-Client-Verify": None}
        said = Forwarder(SILENT, trusted, about).request(asked)
        self.assertNotIn(b"anna", said)
        self.assertNotIn(b"SUCCESS", said)
        self.assertIn(b"X-SSL-Client-DN: CN=proxy\r\n", said)

    def test_rules_win_over_what_we_tell_of_a_certificate(self) -> None:
        forwarding = Forwarding(
            tell=frozenset(), request=header_rules({"X-SSL-Client-DN": "hidden"}, remove=["x-ssl-client-serial"])
        )
        about = {"X-SSL-Client-DN": "CN=anna", "X-SSL-Client-Serial": "1", "X-SSL-Client-Verify": "SUCCESS"}
        said = Forwarder(forwarding, CLIENT, about).request(request(host="Host: a"))
        self.assertEqual(said, octets("GET /owa/ HTTP/1.1", "Host: a", "X-SSL-Client-Verify: SUCCESS", "X-SSL-Client-DN: hidden"))

    def test_a_back_end_with_rules_of_its_own_has_no_other_idea_of_forgeries(self) -> None:
        chosen = Forwarding(tell=frozenset(), identity=certificate_claims(["X-Who"]))
        through = chosen.through(header_rules({"X-In": "1"}), header_rules())
        self.assertEqual(sent("X-Who: root", "Client-Cert: x", forwarding=through), ["Host: a", "X-In: 1"])

    def test_a_framing_line_stays(self) -> None:
        self.assertEqual(
            sent("Transfer-Encoding: chunked", "Trailer: X-T"), ["Host: a", "Transfer-Encoding: chunked", "Trailer: X-T"]
        )

    def test_trailers_stay_asked_for(self) -> None:
        self.assertEqual(sent("TE: gzip, trailers", "Connection: TE"), ["Host: a", "TE: trailers", "Connection: TE"])

    def test_a_websocket_stays_asked_for(self) -> None:
        lines = sent("Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x")
        self.assertEqual(lines, ["Host: a", "Sec-WebSocket-Key: x", "Upgrade: websocket", "Connection: Upgrade"])

    def test_another_upgrade_does_not(self) -> None:
        lines = sent("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x")
        self.assertEqual(lines, ["Host: a"])

    def test_an_expectation_is_passed_on(self) -> None:
        self.assertEqual(sent("Expect: 100-continue"), ["Host: a", "Expect: 100-continue"])

    def test_http_1_0_expects_nothing(self) -> None:
        self.assertEqual(sent("Expect: 100-continue", start="GET / HTTP/1.0"), ["Host: a"])

    def test_http_1_0_stays_and_keeps_its_connection_if_it_wants(self) -> None:
        head = request("Connection: Keep-Alive", start="GET / HTTP/1.0", host="")
        self.assertEqual(Forwarder(SILENT, CLIENT).request(head), octets("GET / HTTP/1.0", "Connection: keep-alive"))

    def test_rules_win_over_what_the_client_sent_and_over_what_is_told(self) -> None:
        rules = header_rules(replace={"X-Forwarded-Proto": "http", "X-A": "1"}, add=[("X-B", "2")], remove=["X-C"])
        forwarding = Forwarding(frozenset({Tell.FORWARDED_FOR, Tell.FORWARDED_PROTO}), request=rules)
        lines = sent("X-A: 0", "X-B: 0", "x-c: 0", "X-Forwarded-Proto: https", forwarding=forwarding)
        self.assertEqual(
            lines, ["Host: a", "X-B: 0", "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: http", "X-A: 1", "X-B: 2"]
        )

    def test_what_a_rule_sets_cannot_be_said_in_another_spelling(self) -> None:
        forwarding = Forwarding(frozenset(), header_rules({"X-Secret-Key": "1"}, remove=["X_Gone"]))
        lines = sent("x_secret_key: 2", "X-Secret_Key: 3", "x-gone: 4", "X-Secret: 5", forwarding=forwarding)
        self.assertEqual(lines, ["Host: a", "X-Secret: 5", "X-Secret-Key: 1"])

    def test_rules_may_tell_of_the_client_and_its_request(self) -> None:
        forwarding = Forwarding(frozenset(), header_rules({"X-Of": "{source} {proto}://{host}/", "X-Plain": "a"}))
        forwarder = Forwarder(forwarding, Origin("::ffff:192.0.2.7", tls=True))
        for host in ("a:8443", "a:8443", "b"):
            data = forwarder.request(request(host=f"Host: {host}"))
            self.assertTrue(data.endswith(f"\r\nX-Of: 192.0.2.7 https://{host}/\r\nX-Plain: a\r\n\r\n".encode()), data)

    def test_without_a_host_there_is_nothing_to_tell_of_it(self) -> None:
        forwarder = Forwarder(Forwarding(frozenset(), header_rules({"X-H": "<{host}>"})), CLIENT)
        self.assertIn(b"\r\nX-H: <>\r\n", forwarder.request(request(start="GET / HTTP/1.0", host="")))

    def test_a_back_ends_rules_come_behind_the_front_ends(self) -> None:
        front = Forwarding(frozenset({Tell.FORWARDED_PROTO}), header_rules({"X-A": "front"}), header_rules({"X-B": "front"}))
        both = front.through(header_rules({"X-A": "back"}), header_rules({"X-B": "back"}, add=[("X-C", "back")]))
        self.assertEqual(sent("X-A: client", forwarding=both), ["Host: a", "X-Forwarded-Proto: https", "X-A: back"])
        data = Forwarder(both, CLIENT).response(response("X-B: server"), True, 1)
        self.assertTrue(data.endswith(b"\r\nX-C: back\r\nX-B: front\r\n\r\n"), data)

    def test_the_host_may_be_replaced(self) -> None:
        self.assertEqual(sent(forwarding=Forwarding(frozenset(), header_rules(replace={"Host": "ex1"}))), ["Host: ex1"])

    def test_what_rules_take_away_no_trailer_may_bring(self) -> None:
        rules = Forwarding(frozenset(), header_rules(remove=["X-Internal"]))
        forwarder = Forwarder(rules, CLIENT, {"X-Client-DN": None})
        self.assertLessEqual({b"x-internal", b"x-client-dn", b"x_client-dn", b"x-forwarded-for"}, forwarder.withheld)

    def test_lines_of_one_request(self) -> None:
        data = Forwarder(SILENT, CLIENT).request(request(), [b"X-Once: 1"])
        self.assertTrue(data.endswith(b"\r\nX-Once: 1\r\n\r\n"))


class AgainTests(SynchronousTestCase):
    def test_what_is_written_is_read_again_as_the_same_request(self) -> None:
        """However a head is damaged: if it is taken, then the server has no other idea of it than we."""
        noise = st.sampled_from(
            [b"\r\n", b"\n", b" ", b"\t", b":", b",", b"/", b"%2e", b"chunked", b"Content-Length: 1\r\n", b"0", b"#", b"[x]"]
        )
        seed = octets(
            "GET http://a/owa/x?y HTTP/1.1", "Host: a", "Connection: te, x", "TE: trailers", "Content-Length: 5", "X: y"
        )

        @settings(max_examples=500)
        @given(st.integers(0, len(seed)), st.integers(0, 3), noise)
        def check(at: int, gone: int, put: bytes) -> None:
            reader, again = RequestReader(), RequestReader()
            try:
                head = reader.feed(seed[:at] + put + seed[at + gone :])
            except HttpError:
                return
            if head is None:
                return
            passed = again.feed(Forwarder(Forwarding(frozenset(Tell)), CLIENT).request(head))
            assert passed is not None
            self.assertEqual(again.rest, b"")
            for name in ("method", "target", "minor", "path", "query", "host", "length", "chunked"):
                self.assertEqual(getattr(passed, name), getattr(head, name))

        check()


class OriginTests(SynchronousTestCase):
    def test_what_a_client_claims_is_replaced(self) -> None:
        claims = ("X-Forwarded-For: 1.1.1.1", "x_forwarded_for: 1.1.1.1", "X-Real-IP: 1.1.1.1", "Forwarded: for=1.1.1.1")
        lines = sent(*claims, forwarding=Forwarding(frozenset({Tell.FORWARDED_FOR})))
        self.assertEqual(lines, ["Host: a", "X-Forwarded-For: 192.0.2.7"])

    def test_claims_go_in_every_spelling_and_of_every_kind(self) -> None:
        for name in (
            "X-Real-IP",
            "X_Real_IP",
            "X-Client-IP",
            "True_Client-IP",
            "X-Original-Host",
            "Forwarded",
            "FRONT_END_HTTPS",
            "Proxy",
        ):
            self.assertEqual(sent(f"{name}: x"), ["Host: a"], name)

    def test_nobody_may_name_another_path(self) -> None:
        for name in ("X-Original-URL", "X_Original_URL", "X-Rewrite-URL", "x-rewrite_url", "X-Original-URI", "X-Forwarded-Uri"):
            for trusted in (False, True):
                forwarder = Forwarder(SILENT, Origin("192.0.2.7", False, trusted))
                self.assertEqual(
                    forwarder.request(request(f"{name}: /ecp")), octets("GET /owa/ HTTP/1.1", "Host: mail.example.com")
                )

    def test_what_else_a_trusted_client_says_of_its_own_is_passed_on_but_in_one_spelling(self) -> None:
        forwarder = Forwarder(SILENT, Origin("192.0.2.7", False, trusted=True))
        data = forwarder.request(request("X-Real-IP: 198.51.100.1", "X_Real_IP: 1.1.1.1", "X-Forwarded-Port: 443"))
        self.assertEqual(
            data, octets("GET /owa/ HTTP/1.1", "Host: mail.example.com", "X-Real-IP: 198.51.100.1", "X-Forwarded-Port: 443")
        )

    def test_a_rule_wins_over_what_a_trusted_client_says(self) -> None:
        rules = header_rules({"X-Real-IP": "{source}"})
        data = Forwarder(Forwarding(frozenset(), rules), Origin("192.0.2.7", False, trusted=True)).request(
            request("X-Real-IP: 1.1.1.1")
        )
        self.assertEqual(data, octets("GET /owa/ HTTP/1.1", "Host: mail.example.com", "X-Real-IP: 192.0.2.7"))

    def test_claims_go_though_nothing_is_told(self) -> None:
        self.assertEqual(sent("X-Forwarded-For: 1.1.1.1", "Front-End-Https: on"), ["Host: a"])

    def test_a_trusted_client_is_believed(self) -> None:
        forwarder = Forwarder(Forwarding(frozenset({Tell.FORWARDED_FOR})), Origin("192.0.2.7", True, trusted=True))
        data = forwarder.request(request("X-Forwarded-For: 198.51.100.1"))
        self.assertIn(b"\r\nX-Forwarded-For: 198.51.100.1, 192.0.2.7\r\n", data)
        self.assertEqual(data.count(b"X-Forwarded-For"), 1)

    def test_another_host_on_the_same_connection_is_told(self) -> None:
        forwarder = Forwarder(Forwarding(frozenset({Tell.FORWARDED_HOST})), CLIENT)
        for host in ("a", "b", "a"):
            self.assertIn(f"X-Forwarded-Host: {host}\r\n".encode(), forwarder.request(request(host=f"Host: {host}")))

    def test_lines_about_the_client_are_ours_alone(self) -> None:
        forwarder = Forwarder(SILENT, CLIENT, {"X-Client-Cert": "CN=anna", "X-Client-Verify": None})
        data = forwarder.request(
            request("x-client-cert: CN=admin", "X_Client_Cert: CN=admin", "X-Client-Verify: yes", host="Host: a")
        )
        self.assertEqual(data, octets("GET /owa/ HTTP/1.1", "Host: a", "X-Client-Cert: CN=anna"))


class ResponseTests(SynchronousTestCase):
    def got(
        self, *lines: str, start: str = "HTTP/1.1 200 OK", keep: bool = True, minor: int = 1, forwarding: Forwarding = SILENT
    ) -> bytes:
        return Forwarder(forwarding, CLIENT).response(response(*lines, start=start), keep, minor)

    def test_order_case_and_values_stay(self) -> None:
        lines = (
            "x-FEServer:EX1",
            "Set-Cookie: a=b; path=/",
            "WWW-Authenticate: NTLM x",
            "Set-Cookie: c=d",
            "Persistent-Auth: true",
        )
        self.assertEqual(self.got(*lines), octets("HTTP/1.1 200 OK", *lines))

    def test_what_is_for_one_connection_goes(self) -> None:
        lines = ("Connection: close, X-Hop", "X-Hop: 1", "Keep-Alive: timeout=5", "Proxy-Authenticate: Basic", "Upgrade: h2")
        self.assertEqual(self.got(*lines, "Content-Length: 5"), octets("HTTP/1.1 200 OK", "Content-Length: 5"))

    def test_the_client_is_told_whether_its_connection_is_kept(self) -> None:
        told = {(keep, minor): self.got(keep=keep, minor=minor) for keep in (True, False) for minor in (0, 1)}
        close = octets("HTTP/1.1 200 OK", "Connection: close")
        self.assertEqual(
            told,
            {
                (True, 1): octets("HTTP/1.1 200 OK"),
                (True, 0): octets("HTTP/1.1 200 OK", "Connection: keep-alive"),
                (False, 1): close,
                (False, 0): close,
            },
        )

    def test_a_server_of_http_1_0_is_ours_to_speak_for(self) -> None:
        self.assertEqual(self.got(start="HTTP/1.0 200 OK"), octets("HTTP/1.1 200 OK"))

    def test_a_missing_reason_leaves_its_blank(self) -> None:
        self.assertEqual(self.got(start="HTTP/1.1 200"), octets("HTTP/1.1 200 "))

    def test_a_switch_is_passed_on(self) -> None:
        data = self.got(
            "Upgrade: websocket", "Sec-WebSocket-Accept: x", "Connection: upgrade", start="HTTP/1.1 101 Switching Protocols"
        )
        lines = ("Sec-WebSocket-Accept: x", "Upgrade: websocket", "Connection: Upgrade")
        self.assertEqual(data, octets("HTTP/1.1 101 Switching Protocols", *lines))

    def test_an_interim_answer_says_nothing_of_the_connection(self) -> None:
        self.assertEqual(self.got(start="HTTP/1.1 100 Continue", keep=False), octets("HTTP/1.1 100 Continue"))

    def test_rules_put_nothing_to_interim_answers_and_a_switch(self) -> None:
        forwarder = Forwarder(Forwarding(frozenset(), response=header_rules({"X-A": "1"})), CLIENT)
        self.assertEqual(forwarder.response(response(start="HTTP/1.1 100 Continue"), True, 1), octets("HTTP/1.1 100 Continue"))
        switch = response("Upgrade: websocket", "Connection: Upgrade", start="HTTP/1.1 101 X")
        self.assertNotIn(b"X-A", forwarder.response(switch, True, 1))

    def test_chunks_that_do_not_come_are_taken_from_304(self) -> None:
        start = "HTTP/1.1 304 Not Modified"
        self.assertEqual(self.got("ETag: x", "Transfer-Encoding: chunked", start=start), octets(start, "ETag: x"))

    def test_a_length_of_nothing_is_taken_from_204(self) -> None:
        self.assertEqual(self.got("Content-Length: 0", start="HTTP/1.1 204 No Content"), octets("HTTP/1.1 204 No Content"))

    def test_rules_and_lines_of_one_answer(self) -> None:
        rules = header_rules(replace={"Strict-Transport-Security": "max-age=1"}, remove=["Server", "X-Powered-By"])
        forwarder = Forwarder(Forwarding(frozenset(), response=rules), CLIENT)
        head = response("Server: IIS", "x-powered-by: ASP.NET", "Date: now")
        data = forwarder.response(head, True, 1, [b"Set-Cookie: exproxy=1"])
        lines = ("Date: now", "Strict-Transport-Security: max-age=1", "Set-Cookie: exproxy=1")
        self.assertEqual(data, octets("HTTP/1.1 200 OK", *lines))


class WrittenOnceTests(SynchronousTestCase):
    """A head that is told again is not written again, where nothing but the head decides."""

    def test_a_request(self) -> None:
        forwarder, head = Forwarder(SILENT, CLIENT), request("X: y")
        self.assertIs(forwarder.request(head), forwarder.request(head))

    def test_an_answer(self) -> None:
        forwarder, head = Forwarder(SILENT, CLIENT), response("X: y")
        self.assertIs(forwarder.response(head, True, 1), forwarder.response(head, True, 1))

    def test_each_forwarder_writes_its_own(self) -> None:
        head = request("X: y")
        self.assertNotIn(b"X-Forwarded-For", Forwarder(SILENT, CLIENT).request(head))
        self.assertIn(b"X-Forwarded-For", Forwarder(Forwarding(), CLIENT).request(head))

    def test_lines_of_one_request_are_no_others(self) -> None:
        forwarder, head = Forwarder(SILENT, CLIENT), request()
        self.assertIn(b"X-Once: 1\r\n", forwarder.request(head, [b"X-Once: 1"]))
        self.assertNotIn(b"X-Once", forwarder.request(head))

    def test_an_answer_says_each_time_whether_the_connection_ends(self) -> None:
        forwarder, head = Forwarder(SILENT, CLIENT), response()
        closes = [b"Connection: close" in forwarder.response(head, keep, 1) for keep in (True, False, True)]
        self.assertEqual(closes, [False, True, False])

    def test_a_line_that_is_changed_later_is_written_as_it_is_then(self) -> None:
        forwarder, head = Forwarder(SILENT, CLIENT), request("Max-Forwards: 9")
        forwarder.request(head)
        head.rewrite(b"max-forwards", b"8")
        self.assertIn(b"Max-Forwards: 8\r\n", forwarder.request(head))

"""Where clients go, and what they are told."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.admin.views import MapView, RouteView
from exproxy.config import model
from exproxy.site.facts import routes, told


class RouteTests(SynchronousTestCase):
    def test_each_route_of_mode_http_is_a_sentence_part(self) -> None:
        web = model.Web(
            (
                model.WebRoute("ews", hosts=("mail.example.com", "*.example.org"), paths=("/ews", "=/x"), methods=("GET",)),
                model.WebRoute("key", headers=(("x-key", "secret"),)),
                model.WebRoute(redirect=model.Redirect("/owa", 301)),
            )
        )
        self.assertEqual(
            routes(model.Frontend("web", "http", (), "owa", web=web)),
            (
                RouteView("host mail.example.com or *.example.org, path /ews or =/x, method GET", "ews", ""),
                RouteView("header x-key", "key", ""),
                RouteView("everything", None, "301 to /owa"),
            ),
        )

    def test_names_in_a_clienthello_are_routes_too(self) -> None:
        frontend = model.Frontend("tls", "tcp", (), None, (model.SniRoute(("a.example.com", "b.example.com"), "one"),))
        self.assertEqual(routes(frontend), (RouteView("name a.example.com or b.example.com", "one", ""),))

    def test_without_routes_there_are_none(self) -> None:
        self.assertEqual(routes(model.Frontend("smtp", "tcp", (), "hub")), ())


class MapTests(SynchronousTestCase):
    def test_each_interface_is_told_with_its_front_end_s_addresses(self) -> None:
        mapper = model.Mapper((model.Mapped("emsmdb", "ca", "proxy"), model.Mapped("nspi", "ab")))
        addresses = {"ca": ("192.0.2.9:6001",), "ab": ("192.0.2.9:6002",), "proxy": ("192.0.2.9:6003",)}
        self.assertEqual(
            told(model.Frontend("epm", "epm", (), "epm", mapper=mapper), addresses),
            (
                MapView("emsmdb", "ncacn_ip_tcp", "ca", ("192.0.2.9:6001",)),
                MapView("emsmdb", "ncacn_http", "proxy", ("192.0.2.9:6003",)),
                MapView("nspi", "ncacn_ip_tcp", "ab", ("192.0.2.9:6002",)),
            ),
        )

    def test_other_modes_tell_nobody(self) -> None:
        self.assertEqual(told(model.Frontend("smtp", "tcp", (), "hub"), {}), ())

"""The virtual directories of each version."""

from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.directories import DIRECTORIES, VERSIONS, backend, of_version, routes


class DirectoryTests(SynchronousTestCase):
    def test_each_version_has_what_came_with_it(self) -> None:
        found = {version: {directory.backend for directory in of_version(version)} for version in VERSIONS}
        self.assertEqual(found["2013"] - found["2010"], {"mapi"})
        self.assertEqual(found["2016"] - found["2013"], {"api"})
        self.assertEqual(found["SE"], {directory.backend for directory in DIRECTORIES})

    def test_the_name_alone_leads_to_owa_and_each_path_to_its_back_end(self) -> None:
        first, *others = routes("2016")
        self.assertEqual(first, {"path": "=/", "redirect": "/owa"})
        self.assertIn({"path": "/microsoft-server-activesync", "backend": "eas"}, others)
        self.assertEqual(len(others), len(DIRECTORIES) - 1)

    def test_each_has_its_own_page_since_2013(self) -> None:
        for directory in of_version("2016"):
            check = backend(directory, "2016", {}, {})["check"]
            self.assertEqual((check["preset"], check["path"]), ("healthcheck", f"{directory.path}/healthcheck.htm"))

    def test_2010_is_known_by_its_redirects_and_demands_for_credentials(self) -> None:
        presets = {directory.backend: backend(directory, "2010", {}, {})["check"]["preset"] for directory in of_version("2010")}
        self.assertEqual({name for name, preset in presets.items() if preset != "owa"}, {"rpc"})

    def test_what_is_silent_for_minutes_may_be(self) -> None:
        silent = {directory.backend for directory in DIRECTORIES if "timeouts" in backend(directory, "2016", {}, {})}
        self.assertEqual(silent, {"ews", "eas", "mapi", "rpc"})

    def test_in_clear_there_is_no_tls(self) -> None:
        offloaded = backend(DIRECTORIES[0], "2016", None, None)
        self.assertEqual((offloaded["check"]["type"], "tls" in offloaded, "tls" in offloaded["check"]), ("http", False, False))

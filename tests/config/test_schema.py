"""The schema knows what the files say, and the documentation what the schema knows."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from exproxy.config.schema import keys, schema
from tests.config.support import CHECKERS, CONF, DOCS


def unknown(value: Any, kind: Mapping[str, Any], root: Mapping[str, Any], path: str = "") -> list[str]:
    """Paths of keys that the schema does not know; the least of what an ``anyOf`` leaves."""
    if "$ref" in kind:
        return unknown(value, root["$defs"][kind["$ref"].rpartition("/")[2]], root, path)
    if "anyOf" in kind:
        return min((unknown(value, member, root, path) for member in kind["anyOf"]), key=len)
    if isinstance(value, list) and "items" in kind:
        return [key for index, item in enumerate(value) for key in unknown(item, kind["items"], root, f"{path}[{index}]")]
    if isinstance(value, dict):
        if kind.get("type") != "object":
            return [path] * 99 if kind else []
        known, others = kind.get("properties", {}), kind.get("additionalProperties")
        return [key for word, item in value.items() for key in under(word, item, known, others, root, path)]
    return [path] * 99 if kind.get("type") == "object" or not allowed(value, kind) else []


def under(word: str, item: Any, known: Mapping[str, Any], others: Any, root: Mapping[str, Any], path: str) -> Iterator[str]:
    if word in known:
        yield from unknown(item, known[word], root, f"{path}.{word}")
    elif isinstance(others, dict):
        yield from unknown(item, others, root, f"{path}.{word}")
    else:
        yield f"{path}.{word}"


def allowed(value: Any, kind: Mapping[str, Any]) -> bool:
    if "const" in kind:
        return bool(value == kind["const"])
    if "enum" in kind:
        return value in kind["enum"]
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}
    wanted = kind.get("type", names[type(value)])
    fits = names[type(value)] in ([wanted] if isinstance(wanted, str) else wanted)
    return fits and ("pattern" not in kind or re.search(kind["pattern"], value) is not None)


class SchemaTests(SynchronousTestCase):
    def test_every_file_of_conf_is_valid(self) -> None:
        root = schema(CHECKERS)
        for path in sorted(CONF.glob("*.toml")):
            if path.name != "demo.toml":
                self.assertEqual(unknown(tomllib.loads(path.read_text("utf-8")), root, root), [], path.name)

    def test_what_is_wrong_is_seen(self) -> None:
        root = schema(CHECKERS)
        for text in (
            "[service]\nmaxcon = 3",
            "[defaults]\ntimeouts.client = 30",
            '[backends.a]\ncheck = { type = "tcp", helo = "x" }',
        ):
            self.assertNotEqual(unknown(tomllib.loads(text), root, root), [], text)

    def test_what_is_not_built_is_described_so(self) -> None:
        profile = schema(CHECKERS)["properties"]["tls"]["properties"]["profiles"]["additionalProperties"]
        self.assertTrue(profile["properties"]["curves"]["description"].startswith("Not built yet: "))

    def test_each_type_of_check_has_its_own_keys(self) -> None:
        checks = {
            check["properties"]["type"]["const"]: check["properties"]
            for check in schema(CHECKERS)["$defs"]["check"]["anyOf"]
            if "type" in check.get("properties", {})
        }
        self.assertIn("https", checks)
        self.assertIn("helo", checks["smtp"])
        self.assertNotIn("helo", checks["imap"])


class DocumentationTests(SynchronousTestCase):
    def test_every_key_is_documented(self) -> None:
        text = (DOCS / "configuration.md").read_text("utf-8")
        words = set(re.findall(r"[a-z0-9_]+", " ".join(re.findall(r"`[^`]*`", text))))
        self.assertEqual(keys() - words, set())

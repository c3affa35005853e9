"""The picture of the figures."""

import json
from typing import Any
from xml.etree import ElementTree

from twisted.trial.unittest import SynchronousTestCase

from bench.__main__ import NAMES
from bench.picture import GROUPS, LEFT, PICTURE, SERIES, Bar, bars, drawn
from bench.report import RESULTS

SVG = "{http://www.w3.org/2000/svg}"
MACHINE = {"cpu": "a <fast> CPU & more", "cores": 2, "kernel": "6.1", "python": "3.11.2", "haproxy": "2.6"}
STAMP = {"measured": "2026-11-21T04:35:58Z", "machine": MACHINE}


def one(**ratios: float) -> dict[str, Any]:
    """The results of a run that measured connections alone."""
    proxies = {name.replace("_", "-"): {"ratio": {"haproxy-file": ratio}} for name, ratio in ratios.items()}
    return {"connections": {**STAMP, "baseline": "haproxy-file", "proxies": proxies}}


def groups(picture: str) -> dict[str, ElementTree.Element]:
    """Label -> its group; fails if the picture is not well-formed."""
    root = ElementTree.fromstring(picture)
    return {group.attrib["data-unit"]: group for group in root.iter(f"{SVG}g")}


def said(element: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in element.iter(f"{SVG}text")]


class PictureTests(SynchronousTestCase):
    def test_every_unit_of_the_bench_has_its_place(self) -> None:
        self.assertEqual({group.unit for group in GROUPS}, set(NAMES))

    def test_every_unit_is_drawn_even_when_nothing_was_measured(self) -> None:
        found = groups(drawn({}))
        self.assertEqual(list(found), [group.label for group in GROUPS])
        self.assertTrue(all("not measured" in said(element) for element in found.values()))

    def test_what_is_kept_draws_every_unit(self) -> None:
        self.assertEqual(len(groups(drawn(json.loads(RESULTS.read_text())))), len(GROUPS))

    def test_what_is_kept_is_what_the_picture_in_the_documentation_shows(self) -> None:
        self.assertEqual(PICTURE.read_text(), drawn(json.loads(RESULTS.read_text())))

    def test_a_bar_is_as_long_as_its_ratio(self) -> None:
        group = groups(drawn(one(exproxy=1.25, nginx=2.5)))["connection"]
        first, second = (float(bar.attrib["width"]) for bar in group.iter(f"{SVG}rect"))
        self.assertAlmostEqual(second / first, 2.0, places=2)

    def test_a_bar_of_one_ends_at_the_line(self) -> None:
        root = ElementTree.fromstring(drawn(one(exproxy=1.0)))
        line = next(line for line in root.iter(f"{SVG}line") if line.attrib["class"] == "one")
        bar = next(rect for rect in root.iter(f"{SVG}rect") if rect.attrib.get("x") == str(LEFT))
        self.assertAlmostEqual(LEFT + float(bar.attrib["width"]), float(line.attrib["x1"]), delta=0.2)

    def test_a_bar_beyond_the_scale_is_cut_off_and_says_its_figure(self) -> None:
        root = ElementTree.fromstring(drawn(one(portforward=7.25)))
        width = float(root.attrib["width"])
        bar = next(
            rect
            for rect in root.iter(f"{SVG}rect")
            if rect.attrib["class"] == "portforward" and "y" in rect.attrib and rect.attrib["x"] == str(LEFT)
        )
        self.assertLess(LEFT + float(bar.attrib["width"]), width)
        self.assertIn("7.25", said(root))

    def test_a_proxy_that_was_left_out_has_no_bar(self) -> None:
        self.assertEqual(bars(GROUPS[0], one(exproxy=1.2, nginx=1.0)), [Bar("exproxy", 1.2), Bar("nginx", 1.0)])

    def test_a_unit_that_was_left_out_has_no_bar(self) -> None:
        self.assertEqual(bars(GROUPS[0], {"connections": {**STAMP, "left_out": {"exproxy": "it says no"}}}), [])

    def test_a_figure_of_several_is_chosen_by_its_name(self) -> None:
        results = {
            "latency": {
                **STAMP,
                "baseline": "haproxy-file",
                "proxies": {"exproxy": {"ratio": {"haproxy-file": {"p50": 1.1, "p99": 1.4}}}},
            }
        }
        found = {group.figure: bars(group, results) for group in GROUPS if group.unit == "latency"}
        self.assertEqual(found, {"p50": [Bar("exproxy", 1.1)], "p99": [Bar("exproxy", 1.4)]})

    def test_the_machine_is_named_and_its_name_is_only_text(self) -> None:
        root = ElementTree.fromstring(drawn(one(exproxy=1.0)))
        self.assertTrue(any("a <fast> CPU & more" in text for text in said(root)))

    def test_the_legend_names_every_series(self) -> None:
        self.assertLessEqual(set(SERIES.values()), set(said(ElementTree.fromstring(drawn({})))))

    def test_it_has_colours_for_light_and_for_dark(self) -> None:
        style = ElementTree.fromstring(drawn({})).findtext(f"{SVG}style") or ""
        light, dark = style.split("@media (prefers-color-scheme: dark)")
        for colour in ("--ground", "--ink", "--faint", "--line", "--own", "--second", "--nginx", "--other"):
            self.assertIn(f"{colour}:", light)
            self.assertIn(f"{colour}:", dark)

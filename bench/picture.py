"""The picture of bench/results.json: for each unit, what the others cost as a multiple of HAProxy on the same work.

Plain SVG; its colours follow the reader's light or dark scheme, and it brings its own ground.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from bench.processes import ROOT
from bench.report import RESULTS

PICTURE = ROOT / "docs" / "performance.svg"

WIDTH = 860
LEFT, RIGHT = 250, 70
"""Room for the names of the units and for the last figures."""
TOP, BOTTOM = 92, 62
BAR, GAP = 13, 12
MOST = 2.5
"""The scale's end: a longer bar is cut off, and its figure says how long it is."""

STYLE = """
svg { --ground: #ffffff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0; --own: #0969da; --second: #54aeff; --nginx: #8c959f;
  --other: #c4b5a0 }
@media (prefers-color-scheme: dark) {
  svg { --ground: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --line: #3d444d; --own: #4493f8; --second: #1f4f8f; --nginx: #7d858e;
    --other: #6e6353 }
}
text { font: 12px system-ui, sans-serif; fill: var(--ink) }
.title { font-size: 16px; font-weight: 600 }
.faint { fill: var(--faint); font-size: 11px }
.value { paint-order: stroke; stroke: var(--ground); stroke-width: 3px }
.ground { fill: var(--ground) }
.grid { stroke: var(--line) }
.one { stroke: var(--ink); stroke-width: 1.5 }
.exproxy { fill: var(--own) }
.exproxy-2 { fill: var(--second) }
.nginx { fill: var(--nginx) }
.portforward { fill: var(--other) }
"""


class Group(NamedTuple):
    """One unit's place: which of the results, and which figure in it."""

    unit: str
    label: str
    figure: str = ""
    """``p50`` or ``p99`` where a result has several."""


class Bar(NamedTuple):
    proxy: str
    ratio: float


GROUPS = (
    Group("connections", "connection"),
    Group("requests", "request, kept connection"),
    Group("bulk", "64 MB body"),
    Group("tls-full", "TLS, full handshake"),
    Group("tls-resumed", "TLS, resumed handshake"),
    Group("tls-request", "TLS, request, kept connection"),
    Group("tls-bulk", "TLS, 64 MB body"),
    Group("http-connections", "HTTP connection, one request"),
    Group("http-requests", "HTTP request, kept connection"),
    Group("http-varied", "HTTP request, other heads each time"),
    Group("http-bulk", "HTTP, 64 MB body"),
    Group("http-tls-full", "HTTPS connection, full handshake"),
    Group("http-tls-request", "HTTPS request, kept connection"),
    Group("http-tls-varied", "HTTPS request, other heads each time"),
    Group("http-tls-bulk", "HTTPS, 64 MB body"),
    Group("smtp", "SMTP session"),
    Group("smtp-followed", "SMTP session, followed"),
    Group("smtp-bulk", "SMTP, mail of 64 MB, followed"),
    Group("imap-login", "IMAP session with login"),
    Group("pop3-login", "POP3 session with login"),
    Group("imap-bulk", "IMAP, mail of 64 MB"),
    Group("epm", "endpoint mapper, question"),
    Group("latency", "latency of a connection, p50", "p50"),
    Group("latency", "latency of a connection, p99", "p99"),
    Group("latency-request", "latency of a request, p50", "p50"),
    Group("latency-request", "latency of a request, p99", "p99"),
    Group("idle", "memory of an idle session"),
    Group("idle-tls", "memory of an idle TLS session"),
)

SERIES = {"exproxy": "exproxy", "exproxy-2": "exproxy, 2 workers", "nginx": "nginx", "portforward": "Twisted's portforward"}
"""Proxy -> how the legend names it, in the order of the bars."""


def bars(group: Group, results: dict[str, Any]) -> list[Bar]:
    """The bars of a group: ratios to the HAProxy that does the same work; none where that was not measured."""
    result = results.get(group.unit, {})
    proxies, baseline = result.get("proxies", {}), result.get("baseline", "")
    found = []
    for name in SERIES:
        ratio = proxies.get(name, {}).get("ratio", {}).get(baseline)
        if ratio is not None:
            found.append(Bar(name, ratio[group.figure] if group.figure else ratio))
    return found


def _x(ratio: float) -> float:
    return LEFT + min(ratio, MOST) / MOST * (WIDTH - LEFT - RIGHT)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'


def _legend() -> Iterator[str]:
    x = 16.0
    for name, label in SERIES.items():
        yield f'<rect x="{x:.1f}" y="53" width="12" height="12" class="{name}"/>'
        yield _text(x + 17, 63, label)
        x += 38 + 6.6 * len(label)
    yield _text(_x(1.0), TOP - 6, "HAProxy = 1", anchor="middle")


def _scale(bottom: float) -> Iterator[str]:
    for step in range(int(MOST * 2) + 1):
        kind = "one" if step == 2 else "grid"
        x = _x(step / 2)
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom:.1f}" class="{kind}"/>'
        yield _text(x, bottom + 15, f"{step / 2:g}", "faint", "middle")


def _group(group: Group, found: list[Bar], top: float) -> Iterator[str]:
    height = max(1, len(found)) * BAR
    yield f'<g data-unit="{escape(group.label)}">'
    yield _text(LEFT - 10, top + height / 2 + 4, group.label, anchor="end")
    if not found:
        yield _text(LEFT + 6, top + BAR - 3, "not measured", "faint")
    for number, bar in enumerate(found):
        y = top + number * BAR
        yield (
            f'<rect x="{LEFT}" y="{y + 1:.1f}" width="{_x(bar.ratio) - LEFT:.1f}" height="{BAR - 2}" class="{bar.proxy}">'
            f"<title>{escape(SERIES[bar.proxy])}: {bar.ratio:.2f}</title></rect>"
        )
        yield _text(_x(bar.ratio) + 5, y + BAR - 3, f"{bar.ratio:.2f}", "faint value")
    yield "</g>"


def _machine(results: dict[str, Any]) -> str:
    """What the newest of the results was measured on."""
    newest = max(results.values(), key=lambda result: str(result["measured"]))
    machine = newest["machine"]
    return (
        f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, CPython {machine['python']}, "
        f"HAProxy {machine['haproxy']}, {str(newest['measured'])[:10]}"
    )


def drawn(results: dict[str, Any]) -> str:
    """The picture, as SVG."""
    body: list[str] = []
    top = float(TOP + GAP / 2)
    for group in GROUPS:
        found = bars(group, results)
        body += _group(group, found, top)
        top += max(1, len(found)) * BAR + GAP
    bottom = top - GAP / 2
    height = bottom + BOTTOM
    size = f'viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        "<title>What exproxy, nginx and portforward cost, as a multiple of HAProxy on the same work</title>",
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height:.0f}" rx="8" class="ground"/>',
        _text(16, 26, "Cost as a multiple of HAProxy's on the same work", "title"),
        _text(16, 43, "CPU time of the proxy, latency at half of saturation, and resident memory; shorter is better", "faint"),
        *_scale(bottom),
        *body,
        *_legend(),
        _text(
            16, height - 30, "Medians of alternating rounds; one thread each unless it says otherwise; access logs on.", "faint"
        ),
        _text(16, height - 13, _machine(results) if results else "", "faint"),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def main() -> None:
    PICTURE.write_text(drawn(json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    main()

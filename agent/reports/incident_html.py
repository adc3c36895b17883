"""The report of an incident as one HTML file, with the layers over time as a drawing in SVG."""

from __future__ import annotations

from html import escape

from agent.reports.incident_page import FAILING, PARTLY, UNKNOWN, WELL, Bar, Page, Timeline

COLOURS = {WELL: "#7cb88a", PARTLY: "#e0a030", FAILING: "#b3261e", UNKNOWN: "#dddddd"}
HEIGHTS = {WELL: 6, PARTLY: 10, FAILING: 14, UNKNOWN: 2}
"""Also without colour, as on a copier: what fails is tall, what was not measured a thin line."""
NAME_WIDTH, LANE_WIDTH, LANE_HEIGHT = 180, 540, 18

STYLE = """
body{font:14px/1.35 sans-serif;color:#111;max-width:46em;margin:1.5em auto;padding:0 1em}
h1{font-size:1.5em;margin:0 0 .4em}h2{font-size:1.05em;margin:1em 0 .3em}
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:normal;color:#444;
width:13em;vertical-align:top}td,th{padding:.12em .6em .12em 0}td{font-weight:600}
ul{margin:0;padding-left:1.2em}svg{width:100%;height:auto}.training{border:2px solid #b3261e;
color:#b3261e;font-weight:700;padding:.2em .6em}.sign{margin-top:3.2em;border-top:1px solid #111;
padding-top:.2em;color:#444}.foot{font-size:.75em;color:#444;overflow-wrap:anywhere}
@media print{body{margin:0;max-width:none;font-size:11px}}@page{size:A4;margin:15mm}
"""


def as_html(shown: Page) -> str:
    """One file, without script and without anything from elsewhere."""
    rows = "".join(
        f"<tr><th>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in shown.facts
    )
    training = f'<p class="training">{escape(shown.training)}</p>' if shown.training else ""
    return (
        f'<!doctype html><html lang="{shown.language}"><head><meta charset="utf-8">'
        f"<title>{escape(shown.title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(shown.title)}</h1>{training}<table>{rows}</table>"
        f"<h2>{escape(shown.timeline.title)}</h2>{drawing(shown.timeline)}"
        f"{_listed(*shown.course)}{_listed(*shown.tries)}"
        f'<p class="sign">{escape(shown.signature)}</p>'
        f'<p class="foot">{escape(shown.checkpoint)}</p></body></html>\n'
    )


def _listed(title: str, lines: tuple[str, ...]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>{escape(title)}</h2><ul>{items}</ul>"


def drawing(shown: Timeline) -> str:
    """The layers over time, as SVG, that takes its width from where it stands."""
    height = LANE_HEIGHT * len(shown.lanes) + 44
    begin, end = (NAME_WIDTH + LANE_WIDTH * part for part in shown.shade)
    bottom = LANE_HEIGHT * len(shown.lanes)
    parts = [
        f'<svg viewBox="0 0 {NAME_WIDTH + LANE_WIDTH} {height}" role="img" '
        f'font-family="sans-serif" font-size="11"><title>{escape(shown.title)}</title>',
        f'<rect x="{begin:.1f}" y="0" width="{end - begin:.1f}" height="{bottom}" fill="#f3ece0"/>',
    ]
    for n, lane in enumerate(shown.lanes):
        middle = n * LANE_HEIGHT + LANE_HEIGHT / 2
        parts.append(f'<text x="0" y="{middle + 4:.1f}">{escape(lane.name)}</text>')
        parts += [_bar(bar, middle) for bar in lane.bars]
    for part, label in shown.marks:
        x = NAME_WIDTH + LANE_WIDTH * part
        parts.append(
            f'<line x1="{x:.1f}" y1="0" x2="{x:.1f}" y2="{bottom + 4}" stroke="#999" '
            'stroke-width=".5"/>'
        )
        parts.append(f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{label}</text>')
    for n, (state, text) in enumerate(shown.legend):
        x = NAME_WIDTH + n * 120
        parts.append(
            _bar(Bar(n * 120 / LANE_WIDTH, (n * 120 + 20) / LANE_WIDTH, state), bottom + 32)
        )
        parts.append(f'<text x="{x + 26}" y="{bottom + 36}">{escape(text)}</text>')
    return "".join(parts) + "</svg>"


def _bar(bar: Bar, middle: float) -> str:
    height = HEIGHTS[bar.state]
    x, width = NAME_WIDTH + LANE_WIDTH * bar.begin, LANE_WIDTH * (bar.end - bar.begin)
    return (
        f'<rect x="{x:.1f}" y="{middle - height / 2:.1f}" width="{max(width, 1):.1f}" '
        f'height="{height}" fill="{COLOURS[bar.state]}"/>'
    )

"""The report: a template filled with numbers and text made from results, as Markdown and as HTML."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

from experiments.errors import StoreError
from experiments.report.numbers import Number

FIELD = re.compile(r"\{\{([^{}]+)\}\}")
CSS = """
body { font: 16px/1.5 system-ui, sans-serif; color: #111; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; margin-top: 2em; } h1 { margin-top: 0; }
img { width: 100%; height: auto; margin-top: 1.5em; }
table { border-collapse: collapse; font-size: 0.85em; display: block; overflow-x: auto; }
th, td { border-bottom: 1px solid #ccc; padding: 0.3em 0.6em; text-align: left; vertical-align: top; }
code { font-size: 0.9em; overflow-wrap: anywhere; }
@media print { body { max-width: none; } h2, img { break-inside: avoid; } }
"""


def fill(numbers: Mapping[str, Number], blocks: Mapping[str, list[str]], figures: Path) -> str:
    """Fill the template; raises StoreError for a number, block or figure that does not exist."""
    template = (resources.files("experiments.report") / "template.md").read_text(encoding="utf-8")
    drawn = figure_facts(figures)

    def value(match: re.Match[str]) -> str:
        kind, _, name = match[1].partition(":")
        try:
            if kind == "block":
                return "\n".join(blocks[name])
            if kind == "figure":
                return "\n".join(figure_block(drawn[name]))
            return numbers[match[1]].text
        except KeyError as error:
            raise StoreError(f"report: there is no {match[1]} in these results") from error

    return FIELD.sub(value, template)


def placed_figures() -> set[str]:
    """List the figures that the template places itself."""
    template = (resources.files("experiments.report") / "template.md").read_text(encoding="utf-8")
    return {found.removeprefix("figure:") for found in FIELD.findall(template) if found.startswith("figure:")}


def figure_facts(figures: Path) -> dict[str, dict[str, str]]:
    """Read the facts of every drawn figure, by name, in the order of their numbers."""
    facts = [json.loads(path.read_text(encoding="utf-8")) for path in figures.glob("*.json")]
    return {entry["name"]: entry for entry in sorted(facts, key=lambda entry: entry["figure"])}


def figure_block(facts: Mapping[str, str]) -> list[str]:
    """Place one figure with its caption."""
    title = f"Figure {facts['figure']}. {facts['title']}"
    return [f"![{title}](figures/{facts['name']}.png)", "", f"**{title}.** {facts['caption']}", ""]


def html(text: str, root: Path) -> str:
    """Turn the Markdown report into one HTML file that needs no other file: pictures are inside."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("image", _inline_image(root))
    title = text.partition("\n")[0].removeprefix("# ")
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"<title>{_safe(title)}</title><style>{CSS}</style>"
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{parser.render(text)}</body></html>\n'
    )


def _inline_image(root: Path) -> Callable[..., str]:
    def render(renderer, tokens, place, options, env) -> str:
        token = tokens[place]
        path = root / token.attrs["src"]
        # Vector or raster, whichever is smaller: curves with many points make large vector files.
        kinds = {"svg+xml": path.with_suffix(".svg"), "png": path.with_suffix(".png")}
        kind = min(kinds, key=lambda name: kinds[name].stat().st_size)
        content = base64.b64encode(kinds[kind].read_bytes()).decode()
        return f'<img alt="{_safe(token.content)}" src="data:image/{kind};base64,{content}">'

    return render


def _safe(text: str) -> str:
    from html import escape

    return escape(text, quote=True)

"""The stylesheet and templates by themselves: contrast, no inline style, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

import farmwatch_collector.console as console
from farmwatch_collector.console import rendering

HERE = Path(console.__file__).parent
STYLE = rendering.STYLE.decode()
TEMPLATES = sorted((HERE / "templates").glob("*.html"))

#: Text tokens and the grounds on which they stand; WCAG 2.2 asks 4.5:1 for text, 3:1 for marks and bars.
TEXT = ["ink", "soft", "link", "near-certain", "urgent", "review", "watch", "clear", "unjudged"]
GROUNDS = ["ground", "surface", "raised"]
DRAWN = ["more", "less", "grey-line", "focus"]
TINTS = [
    ("on-light-tint", "tint-1"),
    ("on-light-tint", "tint-2"),
    ("on-dark-tint", "tint-3"),
    ("on-dark-tint", "tint-4"),
]


def tokens(dark: bool) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[0]))
    return found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[1])) if dark else found


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    bright, dim = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_contrast_is_measured_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_colour_can_be_read_on_every_ground(dark: bool) -> None:
    colours = tokens(dark)
    weak = {
        (text, ground): round(contrast(colours[text], colours[ground]), 2)
        for text in TEXT
        for ground in GROUNDS
        if contrast(colours[text], colours[ground]) < 4.5
    }
    weak |= {pair: round(ratio, 2) for pair in TINTS if (ratio := contrast(colours[pair[0]], colours[pair[1]])) < 4.5}
    assert weak == {}


@pytest.mark.parametrize("dark", [False, True])
def test_bars_and_marks_stand_out_from_their_ground(dark: bool) -> None:
    colours = tokens(dark)
    weak = {name: round(contrast(colours[name], colours["surface"]), 2) for name in DRAWN}
    assert {name: ratio for name, ratio in weak.items() if ratio < (2.4 if name == "grey-line" else 3)} == {}


def test_both_schemes_name_the_same_colours() -> None:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    light, dark = (set(re.findall(r"--([\w-]+): #", block)) for block in blocks[:2])
    assert light == dark


def test_colours_are_named_in_tokens_only() -> None:
    rest = re.sub(r":root \{.*?\}", "", STYLE, flags=re.DOTALL)
    assert re.findall(r"#[0-9a-f]{3,8}\b", rest) == []


def test_nothing_is_loaded_from_elsewhere() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    for template in TEMPLATES:
        text = template.read_text(encoding="utf-8")
        # The map's and graph's scripts are files of our own origin; nothing else runs, and nothing inline.
        text = re.sub(r'<script src="/static/(leaflet|map|cytoscape|graph)\.js\?v=[^"]*" defer></script>', "", text)
        # DB-IP's licence asks for a link beside what its data say; a link loads nothing.
        text = text.replace('<a href="https://db-ip.com" rel="noreferrer">', "")
        assert not re.search(r"https?://|\sstyle=|<script|\son\w+=|\|safe(?!\s*if)", text), template.name


def test_levels_have_a_shape_each() -> None:
    text = (HERE / "templates" / "marks.html").read_text(encoding="utf-8")
    macro = text[text.index("macro level_mark") : text.index("endmacro")]
    shapes = re.findall(r"%\}(<.*?)\n", macro)
    assert len(shapes) == len(set(shapes)) == 7

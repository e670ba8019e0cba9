from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest


def luminance(colour: str) -> float:
    """Relative luminance of a colour ``#rrggbb``, by WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, by WCAG 2.2."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.fixture
def style(repository: Path) -> str:
    """The style sheet."""
    return (repository / "penstock/ui/web/static/penstock.css").read_text()


@pytest.mark.usefixtures("style")
def test_contrast_is_that_of_wcag() -> None:
    """The formula gives the ratios that the standard names for black, white and grey."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_words_can_be_read_on_every_ground(style: str, scheme: int) -> None:
    """Every colour that words are written in has a contrast of 4.5 : 1 on every ground, in both schemes."""
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", style)
    colours = {name: pair[scheme] for name, *pair in found}
    grounds = ("ground", "raised", "sunken")
    words = ("ink", "quiet", "link", "good", "reused", "running", "bad", "held", "canceled")
    low = {
        f"{word} on {ground}": round(contrast(colours[word], colours[ground]), 2)
        for word, ground in itertools.product(words, grounds)
        if contrast(colours[word], colours[ground]) < 4.5
    }
    assert low == {}


def test_motion_and_schemes_are_the_readers_choice(style: str) -> None:
    """Both colour schemes are followed, and what moves stands still for those who ask for that."""
    assert "color-scheme: light dark" in style
    assert re.search(r"prefers-reduced-motion: reduce\) \{\s*\.turn \{ animation: none", style)

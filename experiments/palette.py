"""Colours of figures and dashboard: the same thing has the same colour everywhere (Okabe-Ito palette)."""

from __future__ import annotations

# Hatches that tell the same things apart in grey, for areas and bars.
HATCHES = {"grey": "....", "theft": "//////"}
COLOURS = {
    "licensed": "#E69F00",
    "grey": "#999999",
    "theft": "#D55E00",
    "mining": "#CC79A7",  # of every status together
    "ai": "#0072B2",
    "base": "#D9D9D9",
    "ink": "#000000",
    "offer": "#000000",
    "contrast": "#0072B2",
}

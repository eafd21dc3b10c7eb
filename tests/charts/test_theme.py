"""Colours: legible on both backgrounds, told apart by every eye, loyal to their model."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from footprint.charts.theme import GREY, PALETTE, Look, faded, look_of

Vector = npt.NDArray[np.float64]

# Backgrounds of .streamlit/config.toml.
BACKGROUNDS = ("#FFFFFF", "#0E1512")

# Machado, Oliveira, Fernandes (2009), severity 1.0, on linear RGB.
DEFICIENCIES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}


def linear(colour: str) -> Vector:
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    light, dark = sorted((float(linear(c) @ weights) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def oklab(rgb: Vector) -> Vector:
    """Björn Ottosson, A perceptual color space for image processing (2020)."""
    to_cone = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return to_lab @ np.cbrt(np.clip(to_cone @ rgb, 0, 1))


@pytest.mark.parametrize("background", BACKGROUNDS)
@pytest.mark.parametrize("colour", [*PALETTE, GREY])
def test_every_colour_stands_out_from_both_backgrounds(colour: str, background: str) -> None:
    assert contrast(colour, background) >= 3


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_any_two_colours_can_be_told_apart(deficiency: str) -> None:
    matrix = np.array(DEFICIENCIES[deficiency])
    seen = {colour: oklab(np.clip(matrix @ linear(colour), 0, 1)) for colour in PALETTE}
    # 0.02 is about one just-noticeable difference in OKLab.
    for one, other in combinations(PALETTE, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 0.09, (one, other)


def test_fourteen_models_can_be_told_apart_and_the_others_are_grey() -> None:
    places = {f"model {n}": n for n in range(14)}
    looks = [look_of(model, places) for model in places]
    assert len(set(looks)) == 14
    assert [look.pattern for look in looks] == [""] * 7 + ["/"] * 7
    assert looks[0] == Look(PALETTE[0]) and looks[8] == Look(PALETTE[1], "/")
    assert look_of("model 14", places) == look_of("Other models", places) == Look(GREY)


def test_a_colour_fades_without_changing() -> None:
    assert faded("#108968", 0.2) == "rgba(16, 137, 104, 0.2)"

"""Composes docs/screenshots/overview.png from screenshots: light, dark, and on a phone.

``python docs/compose_picture.py``, after ``make screenshots``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SCREENSHOTS = Path(__file__).parent / "screenshots"
SIZE = (1600, 900)
# On either ground of a README: between its white and its near-black.
GROUND = (223, 232, 227)
SHADOW = (10, 30, 22)
# Screenshot, place of its upper left corner, width and height in the picture.
PARTS = (
    ("organisation-dark", (640, 60), (900, 640)),
    ("home-light", (60, 150), (900, 690)),
    ("home-phone", (1190, 250), (290, 610)),
)


def main() -> int:
    """Compose the picture."""
    picture = Image.new("RGB", SIZE, GROUND)
    for name, place, size in PARTS:
        paste(picture, Image.open(SCREENSHOTS / f"{name}.png").convert("RGB"), place, size)
    path = SCREENSHOTS / "overview.png"
    picture.save(path, optimize=True)
    print(f"{path} ({path.stat().st_size // 1024} kB)")
    return 0


def paste(
    picture: Image.Image, shot: Image.Image, place: tuple[int, int], size: tuple[int, int]
) -> None:
    """Put the upper part of a screenshot into the picture, with round corners and a shadow."""
    width, height = size
    scaled = shot.resize((width, round(shot.height * width / shot.width)), Image.Resampling.LANCZOS)
    part = scaled.crop((0, 0, width, height))
    corners = Image.new("L", size, 0)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, width - 1, height - 1), 16, fill=255)
    shade = Image.new("L", picture.size, 0)
    left, top = place
    box = (left, top + 12, left + width, top + height + 12)
    ImageDraw.Draw(shade).rounded_rectangle(box, 16, fill=110)
    shadow = Image.new("RGB", picture.size, SHADOW)
    picture.paste(shadow, mask=shade.filter(ImageFilter.GaussianBlur(18)))
    picture.paste(part, place, corners)


if __name__ == "__main__":
    sys.exit(main())

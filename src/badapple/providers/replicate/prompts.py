"""What models on Replicate are told, in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from badapple.models import CardOrder, SceneOrder
    from badapple.styles import Style

__all__ = ["KEEP", "card_prompt", "scene_prompt", "softened_prompt", "words_of"]

KEEP = "keep product shape, label and colours unchanged, no on-screen text"
_LONGEST = 1200  #: letters of what the script says about a scene; models take 2000 in all
_MOVES = re.compile(
    r"\b(doll(y|ies)|pans?|zooms?|orbits?|camera|push-in|moving|motion|bouncing|blur|whip|angle|film|commercial|framing"
    r"|stop-motion|\d+mm)\b",
    re.IGNORECASE,
)
_NAMED = {
    "black": (16, 16, 18), "charcoal": (54, 54, 60), "grey": (128, 128, 130), "silver": (196, 198, 202),
    "white": (248, 248, 248), "cream": (244, 236, 214), "beige": (214, 192, 160), "brown": (104, 66, 38),
    "red": (206, 40, 44), "burgundy": (108, 22, 40), "orange": (238, 128, 34), "gold": (212, 168, 76),
    "yellow": (246, 214, 58), "olive": (116, 118, 50), "green": (58, 150, 74), "mint": (168, 226, 196),
    "teal": (24, 128, 130), "turquoise": (64, 204, 206), "sky blue": (132, 188, 236), "blue": (44, 96, 208),
    "navy": (18, 28, 66), "purple": (110, 54, 154), "lavender": (196, 176, 232), "pink": (244, 160, 190),
    "magenta": (214, 42, 132),
}  # fmt: skip


def scene_prompt(order: SceneOrder, style: Style) -> str:
    """Return what a video model is asked for: the scene, then the style's words and our conditions, each once."""
    action = words_of(order)
    for said in (style.video_words.rstrip("."), KEEP):
        action = re.sub(rf"\s*{re.escape(said)}\s*[.;,]?", " ", action, flags=re.IGNORECASE)
    return _whole(action, style)


def words_of(order: SceneOrder) -> str:
    """Return what the script says of a scene's picture, on one line."""
    return " ".join(order.scene.video_prompt_template.replace("{product}", order.product_name).split())


def softened_prompt(order: SceneOrder, style: Style) -> str:
    """Return a harmless request for the same scene, for when a safety filter refused the script's own words."""
    moves = ("moves slowly towards", "glides slowly past", "circles slowly around", "draws slowly back from")
    move = moves[(order.scene.id - 1) % len(moves)]
    return _whole(f"Studio product shot without people: the camera {move} the product of the picture.", style)


def card_prompt(order: CardOrder, style: Style) -> str:
    """Return what an image model is asked for: an empty background in the style's light and colours."""
    hexes = (*style.palette.background, style.palette.accent)
    colours = [_colour(int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)) for text in hexes]
    accent = order.product.accent
    if accent is not None:
        colours.append(_colour(*accent))
    light = ", ".join(part.strip() for part in style.video_words.split(",") if not _MOVES.search(part))
    kind = "" if order.product.category == "default" else f"{order.product.category} "
    return (
        f"Empty vertical background for a {kind}advertisement, {light}. Colours: {', '.join(dict.fromkeys(colours))}. "
        "A bare stage with nothing on it, empty area in the lower third. "
        "No text, no letters, no numbers, no logo, no people, no product."
    )


def _whole(action: str, style: Style) -> str:
    told = " ".join(action.split())
    if len(told) > _LONGEST:
        told = told[:_LONGEST].rpartition(" ")[0]
    told = told.rstrip(" ,;")
    begun = told if not told or told.endswith((".", "!", "?")) else f"{told}."
    return f"{begun} {' '.join(style.video_words.rstrip('.').split())}; {KEEP}.".strip()


def _colour(red: int, green: int, blue: int) -> str:
    """Return the name of the nearest colour that has one."""

    def distance(name: str) -> int:
        other = _NAMED[name]
        return 2 * (red - other[0]) ** 2 + 4 * (green - other[1]) ** 2 + 3 * (blue - other[2]) ** 2

    return min(_NAMED, key=distance)

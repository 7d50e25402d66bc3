"""Badges: a label and a word in a small picture, for other pages.

Pure: from two texts and a tone to SVG. Widths are estimated, for no font can be asked here.
"""

from proxy.console.feeds import xml

CHARACTER, PADDING, HEIGHT = 6.6, 12, 20
"""Of a character at 11 px, and of the badge; pixels."""

LABEL = "#3d434b"
COLOURS = {"good": "#17784a", "mid": "#8a5a00", "bad": "#b3261e", "none": "#5d646d"}
"""White text on each of them has a contrast of at least 4.5."""


def badge(label: str, word: str, tone: str) -> str:
    """Return the picture."""
    left, right = _width(label), _width(word)
    said = xml(f"{label}: {word}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{HEIGHT}" '
        f'role="img" aria-label="{said}"><title>{said}</title>'
        f'<rect width="{left + right}" height="{HEIGHT}" rx="4" fill="{LABEL}"/>'
        f'<path d="M{left} 0h{right - 4}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}z" '
        f'fill="{COLOURS[tone]}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" '
        f'text-anchor="middle"><text x="{left / 2:g}" y="14">{xml(label)}</text>'
        f'<text x="{left + right / 2:g}" y="14">{xml(word)}</text></g></svg>\n'
    )


def _width(text: str) -> int:
    return round(len(text) * CHARACTER) + PADDING

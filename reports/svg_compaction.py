"""Removes from Vega's SVG what doesn't change the picture: more than half of its bytes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

# What Vega writes at every mark: names that nothing selects, and what is the default. The page's
# style has the font, and the page hides the picture from screen readers.
_NAMES = frozenset({"class", "role", "aria-hidden", "aria-roledescription", "font-family"})
_DEFAULTS = frozenset(
    {
        ("font-size", "12px"),
        ("font-weight", "normal"),
        ("opacity", "1"),
        ("pointer-events", "none"),
        ("stroke-width", "1"),
        ("text-anchor", "start"),
        ("transform", "translate(0,0)"),
        ("x2", "0"),
        ("y2", "0"),
    }
)
_INHERITED = ("fill", "stroke", "stroke-dasharray", "stroke-width", "text-anchor")
_GEOMETRY = frozenset({"d", "transform", "x2", "y2"})
_FRACTION = re.compile(r"-?\d+\.\d+(?:e-\d+)?")


def compact_svg(svg: str) -> str:
    """Return the picture without names, defaults, invisible shapes and decimals after the first.

    Its namespace goes too, which HTML does not need.
    """
    root = ET.fromstring(svg)  # noqa: S314 - drawn in this process, from sanitized text
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        if _is_frame(element):
            element.set("d", "")
        for name, value in list(element.items()):
            if name in _NAMES or (name, value) in _DEFAULTS:
                del element.attrib[name]
            elif name in _GEOMETRY:
                element.set(name, _FRACTION.sub(lambda number: f"{float(number[0]):.1f}", value))
    root.attrib.pop("version", None)
    _compact_children(root)
    return ET.tostring(root, encoding="unicode")


def _is_frame(element: ET.Element) -> bool:
    """Return whether the element is the frame of a group and has no colour."""
    is_coloured = "fill" in element.attrib or "stroke" in element.attrib
    return element.get("class") in {"background", "foreground"} and not is_coloured


def _is_empty(element: ET.Element) -> bool:
    """Return whether the element, which has no children, draws nothing."""
    match element.tag:
        case "g":
            return True
        case "text":
            return not element.text
        case "path":
            return not element.get("d")
    return False


def _compact_children(parent: ET.Element) -> None:
    """Remove empty children and groups that do nothing; write common properties once."""
    children: list[ET.Element] = []
    for child in parent:
        _compact_children(child)
        if child.tag == "g" and not child.attrib:
            children += child
        elif len(child) or not _is_empty(child):
            children.append(child)
    parent[:] = children
    if parent.tag != "g" or len(children) < 2:  # noqa: PLR2004 - nothing is written twice
        return
    for name in _INHERITED:
        values = {child.get(name) for child in children}
        if len(values) == 1 and None not in values and name not in parent.attrib:
            parent.set(name, children[0].attrib[name])
            for child in children:
                del child.attrib[name]

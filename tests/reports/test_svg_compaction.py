"""What compaction removes from a picture, and what it must not touch."""

from __future__ import annotations

from pytest_mews.reports.svg_compaction import compact_svg

SVG = '<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="9" height="9">{}</svg>'


def compacted(content: str) -> str:
    """Compact a picture and return what is inside of it."""
    svg = compact_svg(SVG.format(content + "<line/>"))
    assert svg.startswith('<svg width="9" height="9">')
    return svg.removeprefix('<svg width="9" height="9">').removesuffix("<line /></svg>")


def test_names_and_defaults_go() -> None:
    """Attributes that nobody reads and those with the default value are removed."""
    names = 'class="x" role="y" text-anchor="start" font-size="12px"'
    assert (
        compacted(f'<text {names} fill="red">5 &lt; 6</text>') == '<text fill="red">5 &lt; 6</text>'
    )


def test_other_values_stay() -> None:
    """What differs from the default is drawn as before."""
    line = '<line x2="3" y2="-4" stroke-width="2" stroke-dasharray="6,4" opacity="0.5" />'
    assert compacted(line) == line


def test_coordinates_have_one_decimal() -> None:
    """Digits that no screen shows go; whole numbers and colours stay."""
    path = '<path d="M0.6461,6.0000000000000036h-4.19v12Z" transform="translate(1e-14,3.25)" />'
    assert (
        compacted(path.replace("1e-14", "1.5e-14"))
        == '<path d="M0.6,6.0h-4.2v12Z" transform="translate(0.0,3.2)" />'
    )


def test_invisible_shapes_and_empty_groups_go() -> None:
    """Frames without colour and groups without content leave nothing behind."""
    frames = (
        '<g class="mark-group"><path class="background" d="M0,0h6v7h-6Z"/><g/>'
        '<path class="foreground" d="" display="none"/><text/></g>'
    )
    assert compacted(frames) == ""
    coloured = '<path d="M0,0h6" fill="red" />'
    assert compacted(coloured.replace("<path", '<path class="background"')) == coloured


def test_a_common_property_stands_once() -> None:
    """A group has the colour that all its children have, and only that."""
    same = '<g id="a"><path d="M1,1" fill="red"/><path d="M2,2" fill="red"/></g>'
    assert compacted(same) == '<g id="a" fill="red"><path d="M1,1" /><path d="M2,2" /></g>'
    different = '<g id="a"><path d="M1,1" fill="red" /><path d="M2,2" /></g>'
    assert compacted(different) == different


def test_a_group_keeps_its_own_property() -> None:
    """A property of the group applies to children without it, so it is not replaced."""
    group = '<g fill="blue"><path d="M1,1" fill="red" /><path d="M2,2" fill="red" /></g>'
    assert compacted(group) == group

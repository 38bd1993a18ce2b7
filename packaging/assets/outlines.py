"""Outlines of the countries as GeoJSON, from TopoJSON: arcs are differences on a grid, shared between neighbours.

The form is described at https://github.com/topojson/topojson-specification (section 2.1.3, arcs).
"""

from typing import Any

#: Digits after the point: 0.01 degrees is about 1 km, finer than outlines at 1:110 million are.
_DIGITS = 2

Point = tuple[float, float]


def outlines(topology: dict[str, Any], name: str = "countries") -> dict[str, Any]:
    """Returns a FeatureCollection with the name of each country; raises KeyError or ValueError on another form."""
    scale_x, scale_y = topology["transform"]["scale"]
    shift_x, shift_y = topology["transform"]["translate"]
    arcs = [_decoded(arc, (scale_x, scale_y), (shift_x, shift_y)) for arc in topology["arcs"]]
    features = []
    for geometry in topology["objects"][name]["geometries"]:
        kind = geometry["type"]
        if kind == "Polygon":
            coordinates: list[Any] = [_ring(ring, arcs) for ring in geometry["arcs"]]
        elif kind == "MultiPolygon":
            coordinates = [[_ring(ring, arcs) for ring in polygon] for polygon in geometry["arcs"]]
        else:
            raise ValueError(f"a country is a {kind!r}, not a Polygon or MultiPolygon")
        features.append(
            {
                "type": "Feature",
                "properties": {"name": geometry["properties"]["name"]},
                "geometry": {"type": kind, "coordinates": coordinates},
            }
        )
    return {"type": "FeatureCollection", "features": features}


def _decoded(arc: list[list[int]], scale: Point, shift: Point) -> list[Point]:
    x = y = 0
    points = []
    for step_x, step_y, *_ in arc:
        x, y = x + step_x, y + step_y
        points.append((round(x * scale[0] + shift[0], _DIGITS), round(y * scale[1] + shift[1], _DIGITS)))
    return points


def _ring(ring: list[int], arcs: list[list[Point]]) -> list[Point]:
    points: list[Point] = []
    for index in ring:
        # ~n stands for arc n walked backwards; each arc begins where the one before it ended.
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        points.extend(arc if not points else arc[1:])
    return points

"""What is known of an external display that is no panel: the signs that `phantom_display` weighs."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from farmwatch_schema.errors import FormatError
from farmwatch_schema.finding import Evidence
from farmwatch_schema.formats import edid
from farmwatch_schema.observables.displays import Display

from .catalog.deception import device_matches
from .catalog.edid import matches
from .hardware import cited, quoted, sightings
from .view import DeviceView, Sighting

Strength = Literal["measured", "judged", "slight"]
"""measured: collections of real monitors tell how seldom it is; judged: nobody counted; slight: only beside another."""

#: Screens of other devices that their owner looks at.
_OWN_SCREENS = ("airplay", "sidecar", "miracast")
#: Makers of monitors who sell neither televisions nor projectors: all 399 of theirs in a sample of linuxhw/EDID name a
#: size. Of those that name none there (153 of 2,552) nearly all are televisions, projectors, amplifiers and headsets.
_SIZED = {"ACI": 49, "AOC": 61, "AUS": 38, "DEL": 121, "HPN": 39, "HWP": 38, "IVM": 25, "LEN": 28}
_COLLECTION = "linuxhw/EDID@cc83e522"
_NATIVE = "Its data promise {0}x{1}, yet it shows {2}: capture chips promise more than they take."


class Sign(msgspec.Struct, frozen=True):
    """One sign, how well it is known, in a sentence, and where the comparison comes from."""

    strength: Strength
    text: str
    source: str = ""


def signs(display: Display) -> tuple[Sign, ...]:
    """Returns why an external display is no panel; empty for an ordinary one, and for what was not read."""
    if display.internal or any(word in display.connector.casefold() for word in _OWN_SCREENS):
        return ()
    return (*_by_edid(display), *_by_driver(display), *_by_mode(display))


def _by_edid(display: Display) -> Iterator[Sign]:
    match = next(matches(display), None)
    if match is not None:
        text = f"Its data are those of a {match.entry.name}."
        yield Sign("measured", text, cited("edid.yaml", match.entry))
    elif display.edid_digest and not display.fault and display.size_cm == (0, 0) and display.virtual is not True:
        yield _without_size(display.manufacturer)


def _without_size(maker: str) -> Sign:
    sized = _SIZED.get(maker)
    if sized:
        text = f"Its data name no size, as capture chips do; all {sized} monitors of its maker examined name one."
        return Sign("measured", text, f"{_COLLECTION} (0 of {sized})")
    text = "Its data name no size, as televisions, projectors and capture chips do."
    return Sign("judged", text, f"{_COLLECTION} (1,592 of 113,248)")


def _by_driver(display: Display) -> Iterator[Sign]:
    tool = next((found.tool for found in device_matches(name=display.name) if found.confirmed), None)
    if tool is not None and tool.alarm in ("allow", "info"):
        return
    if display.virtual or tool is not None:
        yield Sign("judged", f"Software made it{f' ({tool.name})' if tool else ''}: no cable leads to it.")


def _by_mode(display: Display) -> Iterator[Sign]:
    try:
        native = edid.parse(bytes.fromhex(display.edid)).preferred if display.edid else None
        width, height = (int(part) for part in display.active_mode.split("x"))
    except (ValueError, FormatError):
        return
    if native is not None and width <= 1920 and height <= 1200 and native.width > width and native.height > height:
        yield Sign("judged", _NATIVE.format(native.width, native.height, display.active_mode))
    if display.ddc is False:
        yield Sign("slight", "It does not answer on the control channel that panels have (DDC/CI).")


def least_of_panels(device: DeviceView) -> tuple[Sighting[Display], tuple[Sign, ...]] | None:
    """Returns the external display that is a panel the least, and why; None when any of them may be one."""
    there = [each for each in sightings(device, "displays", Display) if not each.seen_until and not each.item.internal]
    told = [(each, signs(each.item)) for each in there]
    if not all(any(sign.strength != "slight" for sign in found) for _, found in told):
        return None
    return max(told, key=lambda row: (any(s.strength == "measured" for s in row[1]), len(row[1])), default=None)


def in_place_of_a_panel(device: DeviceView) -> Evidence | None:
    """Returns what stands in place of a panel on this laptop now, by a measured sign, as evidence; else None.

    None too while another external display is a panel by all that is known: a streamer's capture box stands beside one.
    """
    outer = [each for each in sightings(device, "displays", Display) if not each.seen_until and not each.item.internal]
    told = [(each, signs(each.item)) for each in outer]
    # Many Macs tell a monitor's size and name without its bytes.
    if any(not found and (each.item.edid_digest or any(each.item.size_cm)) for each, found in told):
        return None
    for sighting, found in told:
        sign = next((sign for sign in found if sign.strength == "measured"), None)
        if sign is not None:
            subject = f"Display {quoted(sighting.item.name)} on {sighting.item.connector}"
            return Evidence(kind="displays", subject=subject, fact=sign.text, source=sign.source)
    return None

"""Where a tunnel that lets somebody in ends on the laptop, and what starts it."""

from farmwatch_schema.observables.services import Service

from .matching import is_interpreter, tool_index
from .products import RemoteTool, Tunnel
from .programs import FORWARDS, Recognised, recognised, surely
from .view import DeviceView


def lets_in(found: Recognised[Tunnel]) -> bool:
    """Whether it is a program for this, or another one that was told to do it (`tailscale funnel`)."""
    if FORWARDS & found.flags:
        return True
    return found.product.category == "reverse-tunnel" and surely(found)


def waiting_at(device: DeviceView) -> tuple[RemoteTool, list[str]] | None:
    """Returns the first remote desktop or tool that waits on the laptop's own loopback, and its ports; None if none."""
    for found in recognised(device, tool_index()):
        tool = found.product
        driven = tool.role == "host" and (tool.category == "os-builtin" or tool.alarm in ("warn", "high"))
        ports = [port for port in found.inner_ports if port not in tool.hints.ports]
        if driven and ports and surely(found):
            return tool, ports
    return None


def starter_of(device: DeviceView, found: Recognised[Tunnel]) -> Service | None:
    """Returns the first service that starts a tunnel's program with the system; None when none does."""
    its = [service for service, match in found.services if match.confidence != "none"]
    paths = {process.path for process, _ in found.programs if process.path and not is_interpreter(process.name)}
    for service in device.of("services", Service):
        if service.enabled and (service in its or (service.path and service.path in paths)):
            return service
    return None

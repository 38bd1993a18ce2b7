"""Networks that phones make for others, by the gateway's address: they cost their owner by the byte.

Sources: Apple's Personal Hotspot is 172.20.10.0/28 with the phone as .1 (as in the recorded hosts of tests/cases);
Android up to 10 took 192.168.43.1 (packages/modules/Connectivity, Tethering, WIFI_HOST_IFACE_ADDR); later versions
draw one, and cannot be told this way.
"""

_PHONES = frozenset({"172.20.10.1", "192.168.43.1"})


def is_phone(gateway: str) -> bool:
    """Whether a default gateway is a phone that shares its connection."""
    return gateway in _PHONES

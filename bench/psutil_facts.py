"""What a short script with psutil reads of the same machine, as a comparison for `collect`; prints JSON.

Processes with executable, user, start and arguments, connections with their owners, interfaces, users logged in,
battery. It knows nothing of USB, displays, packages, services, extensions, hashes, routes or sessions' kinds.
"""

import json
import sys

import psutil


def facts() -> dict[str, object]:
    names = ("pid", "ppid", "name", "exe", "username", "create_time", "cmdline")
    battery = psutil.sensors_battery()
    return {
        "processes": [process.info for process in psutil.process_iter(names)],
        "connections": [tuple(found) for found in psutil.net_connections("inet")],
        "addresses": {name: [tuple(it) for it in found] for name, found in psutil.net_if_addrs().items()},
        "interfaces": {name: tuple(found) for name, found in psutil.net_if_stats().items()},
        "users": [tuple(user) for user in psutil.users()],
        "battery": battery and tuple(battery),
        "boot": psutil.boot_time(),
    }


if __name__ == "__main__":
    json.dump(facts(), sys.stdout, default=str)

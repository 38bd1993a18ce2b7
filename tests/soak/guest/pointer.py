"""Runs in the guest: moves the gadget's absolute mouse like the page of a web KVM: pointer.py SECONDS MILLISECONDS."""

import sys
import time


def main(seconds: float, milliseconds: float) -> None:
    """Writes one report after another to the second HID function: buttons, X, Y, wheel, horizontal wheel."""
    with open("/dev/hidg1", "wb", buffering=0) as function:
        start = due = time.monotonic()
        number = 0
        while time.monotonic() - start < seconds:
            number += 1
            place = 100 + number % 30_000
            function.write(bytes([0]) + place.to_bytes(2, "little") * 2 + bytes([0, 0]))
            due += milliseconds / 1000
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]))

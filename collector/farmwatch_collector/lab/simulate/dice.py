"""Dice of their own for every household, place and device."""

import random
from hashlib import blake2b


def dice(seed: int, *names: object) -> random.Random:
    """Returns dice that fall the same way for the same seed and names, whatever was made before."""
    text = "\0".join(map(str, (seed, *names))).encode()
    return random.Random(int.from_bytes(blake2b(text, digest_size=8).digest(), "big"))  # noqa: S311 - nothing secret


def identity(seed: int, number: int) -> str:
    """Returns a device id: 16 hex digits that tell nothing of the number."""
    return blake2b(f"{seed} device {number}".encode(), digest_size=8).hexdigest()

"""Text of Windows: UTF-16 that ends with a NUL."""


def wide_text(raw: bytes) -> str:
    """Returns UTF-16 text up to its first NUL; halves of characters are replaced, a torn last unit is left out."""
    return raw[: len(raw) // 2 * 2].decode("utf-16-le", "replace").split("\0", 1)[0]

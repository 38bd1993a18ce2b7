"""Parsers of what devices say of themselves: USB descriptors, HID report descriptors, EDID.

Pure, shared by agent and collector. They take hostile bytes: facts as far as they go, one `fault` sentence
for what is wrong, and nothing is raised but `FormatError` when there is nothing to learn.
"""

from ..errors import FormatError

__all__ = ["FormatError"]

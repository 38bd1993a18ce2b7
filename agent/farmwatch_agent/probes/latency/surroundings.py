"""What a platform tells of power and network before a round. The reader loads this file, and nothing that measures."""

from collections.abc import Callable

import msgspec

from ...host.left_rounds import Access, Skipped


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against measuring, and where packets leave.

    skip       why nothing may be measured now; "" when it may
    gateway    address of the default gateway of IPv4; "" when there is none
    access_of  returns the kind of an interface by its name
    """

    skip: Skipped = ""
    gateway: str = ""
    access_of: Callable[[str], Access]

"""How a report follows the one before it. Apart from runner and spool, so that neither loads the other."""

import msgspec


class Numbering(msgspec.Struct, frozen=True, kw_only=True):
    """What a report takes from the one before it.

    device, epoch, sequence, previous  as in `Report`
    digests                            each kind's digest when it was last sent in this epoch
    """

    device: str
    epoch: str
    sequence: int = 1
    previous: str = ""
    digests: dict[str, str] = {}

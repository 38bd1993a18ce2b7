"""What an entry of lolrmm.yaml holds: our corrections to LOLRMM, which stand whatever it says in a later export."""

from functools import cache

from . import Entry, load


class Correction(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of one or several records of LOLRMM.

    records  their names; near-duplicates of one tool stand together
    tool     id in remote_access.yaml; "" when they are left out
    reason   why they are left out; "" when they are not
    refused  facts of these records that were looked at and not taken, as "field value": "signers win.rar GmbH"
    """

    records: tuple[str, ...]
    tool: str = ""
    reason: str = ""
    refused: tuple[str, ...] = ()


@cache
def corrections() -> dict[str, Correction]:
    """Returns the corrections by their records' names in small letters."""
    return {name.casefold(): entry for entry in load("lolrmm", Correction).entries for name in entry.records}

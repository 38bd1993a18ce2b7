"""Who acts when a command does, as the audit log has it."""

import getpass

from .drawn import drawn


def actor() -> str:
    """Returns "command line (ann)" for the account that runs this."""
    try:
        return f"command line ({drawn(getpass.getuser())})"
    except (OSError, KeyError):  # an account without a name
        return "command line"

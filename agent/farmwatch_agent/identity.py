"""Who this laptop is: the state folder and the three files that enrolment leaves in it.

identity.json   device id, collector's address, key id                     read by reader, sender, status
identifier.key  the company's key for identifiers, 64 hex digits           read by the reader
signing.key     the device's Ed25519 seed, 64 hex digits                   read by the sender alone (0600)
spool.db        reports not yet acknowledged                               reader and sender
health.json     probes stopped, spool resets, restarts                     written by the reader
sent.json       what was last sent, and why                                written by the sender
"""

import os

import msgspec

from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.identifiers import Keyer

from .files import write_whole
from .options import FAILED, INTEGRITY

SYSTEM_STATE = "/var/lib/farmwatch-agent"
USER_STATE = "~/.local/state/farmwatch-agent"


class IdentityError(FarmwatchError):
    """A file of the identity is missing or damaged; str() says which, and what to do."""

    def __init__(self, message: str, code: int = INTEGRITY) -> None:
        self.code = code
        super().__init__(message)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What enrolment gave.

    device       the device's id
    url          the collector's address without path
    key_id       name of the company's identifier key
    enrolled_at  UTC, ISO 8601, by the collector's clock
    """

    device: str
    url: str
    key_id: str
    enrolled_at: str = ""


class State:
    """The paths of one state folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.identity = os.path.join(folder, "identity.json")
        self.identifier_key = os.path.join(folder, "identifier.key")
        self.signing_key = os.path.join(folder, "signing.key")
        self.spool = os.path.join(folder, "spool.db")
        self.health = os.path.join(folder, "health.json")
        self.sent = os.path.join(folder, "sent.json")
        self.executables = os.path.join(folder, "executables.json")

    def make(self) -> None:
        """Makes the folder; raises IdentityError when that cannot be done."""
        try:
            if not os.path.isdir(self.folder):
                os.makedirs(self.folder, mode=0o755)
                # Open to all whatever the umask, because `status` and `explain` are everybody's; each file inside
                # has its own mode.
                os.chmod(self.folder, 0o755)  # noqa: S103
        except OSError as error:
            raise IdentityError(
                f"{self.folder}: cannot be made ({error.strerror}). Run as root, or name a folder with --state-dir.",
                FAILED,
            ) from error


def open_state(folder: str = "") -> State:
    """Returns the state folder that was named, or this user's own: root's is the machine's."""
    if folder:
        return State(os.path.abspath(folder))
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return State(SYSTEM_STATE if is_root else os.path.expanduser(USER_STATE))


def load_identity(state: State) -> Identity | None:
    """Returns the identity; None when this laptop is not enrolled. Raises IdentityError when it is damaged."""
    try:
        with open(state.identity, "rb") as file:
            data = file.read(1 << 16)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise IdentityError(f"{state.identity}: cannot be read ({error.strerror}). Run as root.", FAILED) from error
    try:
        return msgspec.json.decode(data, type=Identity)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise IdentityError(
            f"{state.identity}: is damaged ({error}). Nothing was deleted; restore it, or enrol anew with"
            " farmwatch-agent enrol --force."
        ) from error


def load_keyer(path: str) -> Keyer:
    """Returns the keyer of a file with the company's identifier key in hex; raises IdentityError."""
    try:
        return Keyer.from_key(_hex_file(path))
    except ValueError as error:
        raise IdentityError(f"{path}: {error}. It holds 32 to 128 hex digits.") from error


def load_signing_key(state: State) -> bytes:
    """Returns the 32 bytes of the signing seed; raises IdentityError."""
    key = _hex_file(state.signing_key)
    if len(key) != 32:
        raise IdentityError(
            f"{state.signing_key}: holds {len(key)} bytes, a signing key has 32. Restore it or enrol anew."
        )
    return key


def save_identity(state: State, identity: Identity, signing_key: bytes, identifier_key: bytes) -> None:
    """Writes the three files, the identity last, so that a power cut leaves either none or all in force."""
    state.make()
    try:
        write_whole(state.signing_key, signing_key.hex().encode() + b"\n", mode=0o600)
        write_whole(state.identifier_key, identifier_key.hex().encode() + b"\n", mode=0o640)
        write_whole(state.identity, msgspec.json.encode(identity) + b"\n", mode=0o644)
    except OSError as error:
        raise IdentityError(
            f"{state.folder}: the identity cannot be kept ({error.strerror}). Nothing was enrolled.", FAILED
        ) from error


def _hex_file(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return bytes.fromhex(file.read(1024).decode("ascii").strip())
    except OSError as error:
        raise IdentityError(
            f"{path}: cannot be read ({error.strerror}). Enrol first, or run with the rights of its owner.",
            FAILED,
        ) from error
    except ValueError as error:
        raise IdentityError(f"{path}: is not written in hex digits. Restore it or enrol anew.") from error

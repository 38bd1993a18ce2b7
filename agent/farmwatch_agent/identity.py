"""Who this laptop is: the state folder and the three files that enrolment leaves in it.

identity.json   device id, collector's address, key id                     read by reader, sender, status
identifier.key  the company's key for identifiers, 64 hex digits           read by the reader
signing.key     the device's Ed25519 seed, 64 hex digits                   read by the sender alone (0600)
spool.db        reports not yet acknowledged                               reader and sender
health.json     probes stopped, spool resets, restarts                     written by the reader
executables.json  hashes and packages of programs seen                     the reader's alone
input.json      counts of input by day, where input_source is on           the reader's alone
sent.json       what was last sent, and why                                written by the sender
answers.json    what was taken, for the reader                             written by a sender with its own account
rounds.json     the newest rounds of measuring, for the reader             written by the sender
measuring.json  the collector's plan, and when to measure next             the sender's alone
measuring.lock  held while a round runs                                    the sender's alone

Such a sender's files lie in the folder `sender`, the only one it may write; all else is root's.
"""

import os
import stat
import sys

import msgspec

from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.identifiers import Keyer

from .files import read_foreign, write_whole
from .options import FAILED, INTEGRITY

SYSTEM_STATE = "/var/lib/farmwatch-agent"
USER_STATE = "~/.local/state/farmwatch-agent"
#: The sender's own system account; macOS begins such names with an underscore.
SENDER_ACCOUNT = "_farmwatch-agent" if sys.platform == "darwin" else "farmwatch-agent"
ANSWERS, SENT, ROUNDS = "answers.json", "sent.json", "rounds.json"
_MAX_SENT_BYTES = 1 << 23


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


class Account(msgspec.Struct, frozen=True):
    """A user of this system: ids of user and group."""

    uid: int
    gid: int


def find_account(name: str) -> Account | None:
    """Returns the account of a name, or of a number as user and group id; None when there is none."""
    if name.isascii() and name.isdigit():
        return Account(int(name), int(name))
    if sys.platform == "win32":
        return None
    import pwd  # noqa: PLC0415 (POSIX alone has it)

    try:
        found = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(found.pw_uid, found.pw_gid)


class State:
    """The paths of one state folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.identity = os.path.join(folder, "identity.json")
        self.identifier_key = os.path.join(folder, "identifier.key")
        self.signing_key = os.path.join(folder, "signing.key")
        self.spool = os.path.join(folder, "spool.db")
        self.health = os.path.join(folder, "health.json")
        self.executables = os.path.join(folder, "executables.json")
        self.input = os.path.join(folder, "input.json")
        self.sender = os.path.join(folder, "sender")

    @property
    def apart(self) -> bool:
        """Whether the sender has an account, and so a folder, of its own."""
        return os.path.isdir(self.sender)

    @property
    def sent(self) -> str:
        return self.of_sender(SENT)

    def of_sender(self, name: str) -> str:
        """Returns where the sender keeps a file."""
        return os.path.join(self.sender if self.apart else self.folder, name)

    @property
    def answers(self) -> str:
        return os.path.join(self.sender, ANSWERS)

    def left_by_sender(self, name: str, limit: int = _MAX_SENT_BYTES) -> bytes:
        """Returns a file that the sender wrote, and nothing that it only points to; raises OSError."""
        if self.apart:
            return read_foreign(self.sender, name, limit)
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read(limit)

    def account(self) -> Account | None:
        """Returns the sender's account; None where both halves have one."""
        try:
            status = os.lstat(self.sender)
        except OSError:
            return None
        return Account(status.st_uid, status.st_gid) if stat.S_ISDIR(status.st_mode) else None

    def check(self) -> None:
        """Raises IdentityError when root must not work here, because another account can change what lies in it."""
        if sys.platform == "win32" or os.geteuid() != 0:
            return
        try:
            status = os.lstat(self.folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise IdentityError(f"{self.folder}: cannot be looked at ({error.strerror}).", FAILED) from error
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o022:
            raise IdentityError(
                f"{self.folder}: is not root's alone, so that another account could lead root astray in it. Move it"
                " away and enrol anew, or run as its owner."
            )

    def make(self, account: Account | None = None) -> None:
        """Makes the folder, and with an account the sender's own in it; raises IdentityError when it cannot be done."""
        self.check()
        try:
            if not os.path.isdir(self.folder):
                os.makedirs(self.folder, mode=0o755)
                # Open to all whatever the umask, because `status` and `explain` are everybody's; each file inside
                # has its own mode.
                os.chmod(self.folder, 0o755)  # noqa: S103
            if account is not None and sys.platform != "win32":
                # What root makes in it belongs to the sender's group, which may read the spool and write nothing.
                os.chown(self.folder, 0, account.gid)
                os.chmod(self.folder, 0o2755)  # noqa: S103
                self._make_sender(account)
        except OSError as error:
            raise IdentityError(
                f"{self.folder}: cannot be made ({error.strerror}). Run as root, or name a folder with --state-dir.",
                FAILED,
            ) from error

    def _make_sender(self, account: Account) -> None:
        """Makes the sender's folder. Not followed when it is a link; its old content stays."""
        if sys.platform == "win32":
            return
        if not os.path.lexists(self.sender):
            os.mkdir(self.sender, 0o755)
        descriptor = os.open(self.sender, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            os.fchmod(descriptor, 0o755)
            os.fchown(descriptor, account.uid, account.gid)
        finally:
            os.close(descriptor)


def open_state(folder: str = "", *, to_look: bool = False) -> State:
    """Returns the state folder that was named, or this user's own: root's is the machine's.

    to_look  an ordinary user who has none of their own is shown the machine's
    """
    if folder:
        return State(os.path.abspath(folder))
    if sys.platform != "win32" and os.geteuid() == 0:
        return State(SYSTEM_STATE)
    own, machines = State(os.path.expanduser(USER_STATE)), State(SYSTEM_STATE)
    if to_look and not os.path.exists(own.identity) and os.path.exists(machines.identity):
        return machines
    return own


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


def save_identity(
    state: State, identity: Identity, signing_key: bytes, identifier_key: bytes, account: Account | None = None
) -> None:
    """Writes the three files, the identity last, so that a power cut leaves either none or all in force."""
    state.make(account)
    owner = (account.uid, account.gid) if account is not None else None
    try:
        write_whole(state.signing_key, signing_key.hex().encode() + b"\n", mode=0o600, owner=owner)
        mode = 0o600 if account is not None else 0o640
        write_whole(state.identifier_key, identifier_key.hex().encode() + b"\n", mode=mode)
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

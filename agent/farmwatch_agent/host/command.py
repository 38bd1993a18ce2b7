"""Commands, where the system has no other way: listed ones only, with limits of time and output, and no shell."""

import contextlib
import os
import signal
import subprocess
import sys

import msgspec

from .protocol import HostError, Missing, NotPermitted, NotSupported, SourceBroken

#: What an ended command gets to leave by itself before it is killed.
_GRACE_SECONDS = 0.5
_CHUNK = 1 << 16


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command that may be run.

    program    absolute path
    arguments  given to it; "{}" stands for the one argument of the caller
    seconds    it is killed after
    limit      bytes of output, more is SourceBroken
    codes      exit codes that mean success
    missing    exit codes that mean that there is no such thing
    refused    words in its stderr that mean that rights are missing
    """

    program: str
    arguments: tuple[str, ...] = ()
    seconds: float = 2.5
    limit: int = 1 << 23
    codes: tuple[int, ...] = (0,)
    missing: tuple[int, ...] = ()
    refused: tuple[str, ...] = (
        "not permitted",
        "ermission denied",
        "requires root",
        "must be root",
        "not authorized",
        "uthorization failed",
    )


def run(name: str, command: Command, of: str = "") -> bytes:
    """Returns a command's output; raises HostError's children, with the command's name in the message."""
    if of.startswith("-") or "\0" in of:
        raise SourceBroken(f"{name}: {of!r} cannot be asked about")
    try:
        process = subprocess.Popen(
            [command.program, *(argument.replace("{}", of) for argument in command.arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "LANG": "C"},
            start_new_session=True,
        )
    except FileNotFoundError:
        raise NotSupported(f"{name}: this system has no {command.program}") from None
    except PermissionError:
        raise NotPermitted(f"{name}: {command.program} may not be run") from None
    except OSError as error:
        raise SourceBroken(f"{name}: {command.program}: {error.strerror}") from None
    try:
        output, said = _bounded(process, name, command)
    finally:
        stop(process)
    return _judged(name, command, of, process.returncode, output, said)


def _bounded(process: "subprocess.Popen[bytes]", name: str, command: Command) -> tuple[bytes, bytes]:
    """Returns all output and the start of stderr, read side by side so that neither can block the other."""
    import selectors  # noqa: PLC0415 (Linux never runs a command)
    import time  # noqa: PLC0415

    end = time.monotonic() + command.seconds
    parts: dict[str, list[bytes]] = {"out": [], "err": []}
    size = 0
    with selectors.DefaultSelector() as selector:
        assert process.stdout is not None
        assert process.stderr is not None
        selector.register(process.stdout, selectors.EVENT_READ, "out")
        selector.register(process.stderr, selectors.EVENT_READ, "err")
        while selector.get_map():
            left = end - time.monotonic()
            ready = selector.select(left) if left > 0 else []
            if not ready:
                raise SourceBroken(f"{name}: did not answer within {command.seconds:g} s and was stopped")
            for key, _ in ready:
                part = key.fileobj.read1(_CHUNK)  # type: ignore[union-attr]
                if not part:
                    selector.unregister(key.fileobj)
                elif key.data == "out":
                    parts["out"].append(part)
                    size += len(part)
                elif sum(map(len, parts["err"])) < _CHUNK:
                    parts["err"].append(part)
            if size > command.limit:
                raise SourceBroken(f"{name}: printed more than {command.limit} bytes and was stopped")
        try:
            process.wait(max(0.01, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise SourceBroken(f"{name}: did not end within {command.seconds:g} s and was stopped") from None
    return b"".join(parts["out"]), b"".join(parts["err"])


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ends a command that is still there, and closes its pipes."""
    if process.poll() is None:
        _signal(process, "SIGTERM")
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            _signal(process, "SIGKILL")
            process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _signal(process: "subprocess.Popen[bytes]", name: str) -> None:
    """Signals the command and what it started: its group is its own, because it began a session."""
    if sys.platform == "win32":
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, getattr(signal, name))


def _judged(name: str, command: Command, of: str, code: int, output: bytes, said: bytes) -> bytes:
    if code in command.codes:
        return output
    if code in command.missing:
        raise Missing(f"{name}: knows nothing of {of}" if of else f"{name}: there is nothing")
    text = said.decode("utf-8", "replace")
    kind: type[HostError] = NotPermitted if any(word in text for word in command.refused) else SourceBroken
    raise kind(f"{name}: {command.program} ended with {code}")

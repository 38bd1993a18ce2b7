"""`farmwatch landmark serve|key`: a company's own landmark, which answers laptops' questions signed."""

import argparse
import asyncio
import logging
import os
import re
import stat
import sys

from nacl.signing import SigningKey

from farmwatch_schema.errors import FarmwatchError

from ..place.responder import ANYWHERE, DEFAULT_PORT, Limits, Responder

HELP = "a company's own landmark: answers laptops, signed"
_SEED = re.compile(rb"[0-9a-f]{64}\s*\Z")


class KeyProblem(FarmwatchError):
    """A key file that cannot be used; str() says why and what to do."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's actions and their options."""
    parser.epilog = (
        "Examples:  farmwatch landmark serve --key /var/lib/farmwatch-landmark/key   "
        "farmwatch landmark key --key /var/lib/farmwatch-landmark/key --host landmark.example.com"
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    serve = _act(actions, "serve", "answers over UDP and TCP until it is stopped")
    serve.add_argument("--key", required=True, metavar="FILE", help="its signing key; made at the first start")
    serve.add_argument("--host", action="append", metavar="ADDRESS", help="to listen at; repeatable (everywhere)")
    serve.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"UDP and TCP ({DEFAULT_PORT}); 0: any free one")
    serve.add_argument("--per-second", type=float, default=20.0, help="questions of one address (20)")
    serve.add_argument("--in-all", type=float, default=2_000.0, help="questions per second of all together (2000)")
    key = _act(actions, "key", "prints the block for the landmarks file")
    key.add_argument("--key", required=True, metavar="FILE", help="the signing key; made when there is none")
    key.add_argument("--id", default="own:here", help='"provider:place" (own:here)')
    key.add_argument("--provider", default="own", help="whose network it stands in (own)")
    key.add_argument("--host", default="", metavar="NAME", help="where laptops reach it")
    key.add_argument("--port", type=int, default=DEFAULT_PORT, help=f"({DEFAULT_PORT})")
    key.add_argument("--place", default="", help='for people: "Frankfurt, DE"')
    key.add_argument("--country", default="", metavar="CC", help="ISO code")
    key.add_argument("--latitude", default="", metavar="DEGREES", help="south is negative")
    key.add_argument("--longitude", default="", metavar="DEGREES", help="west is negative")


def _act(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, words: str
) -> argparse.ArgumentParser:
    return actions.add_parser(name, help=words, description=words)


def run(options: argparse.Namespace) -> int:
    """Serves until it is stopped, or prints the block; 0 then. Errors say what to do."""
    return _serve(options) if options.action == "serve" else _show(options)


def _serve(options: argparse.Namespace) -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if sys.platform == "win32":
        raise FarmwatchError("a landmark runs on Linux and macOS: Windows tells no program how far a question came.")
    if not 0 <= options.port <= 65_535:
        raise FarmwatchError(f"--port {options.port}: there is no such port. Choose one from 1 to 65535, or 0.")
    if options.per_second <= 0 or options.in_all <= 0:
        raise FarmwatchError("--per-second and --in-all are above 0: a landmark that answers nobody is of no use.")
    key, made = signing_key(options.key)
    if made:
        print(f"a new key was made: {options.key}", file=sys.stderr)
    limits = Limits(per_second=options.per_second, burst=max(1, int(options.per_second * 5)), in_all=options.in_all,
                    burst_in_all=max(1, int(options.in_all * 2)))  # fmt: skip
    responder = Responder(key, tuple(options.host or ANYWHERE), options.port, limits)

    def tell() -> None:
        where = " and ".join(responder.hosts)
        print(f"farmwatch landmark at {where} port {responder.port}, UDP and TCP", flush=True)
        print(f"public key: {bytes(key.verify_key).hex()}", flush=True)

    asyncio.run(responder.run(tell))
    counts = responder.counts
    print(
        f"farmwatch landmark stopped: {counts.answered} answered, {counts.too_many} over the limit, "
        f"{counts.no_question + counts.low_port} no questions.",
        file=sys.stderr,
    )
    return 0


def _show(options: argparse.Namespace) -> int:
    key, _ = signing_key(options.key)
    print("landmarks:")
    print(f"  - id: {_yaml(options.id)}")
    for field in ("provider", "place", "country", "latitude", "longitude", "host"):
        value = str(getattr(options, field))
        print(f"    {field}: {value if field in ('latitude', 'longitude') else _yaml(value)}".rstrip())
    print("    uncertainty_km: 5")
    print(f"    port: {options.port}")
    print("    method: signed")
    print(f'    public_key: "{bytes(key.verify_key).hex()}"')
    missing = [name for name in ("place", "country", "latitude", "longitude", "host") if not getattr(options, name)]
    if missing:
        print(f"fill in: {', '.join(missing)}; then: farmwatch landmarks check --landmarks FILE", file=sys.stderr)
    return 0


def _yaml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if text else ""


def signing_key(path: str) -> tuple[SigningKey, bool]:
    """Returns the key in a file and whether it was made now, readable by its owner alone. Raises KeyProblem."""
    try:
        return _read(path), False
    except FileNotFoundError:
        pass
    except OSError as error:
        raise KeyProblem(f"{path}: cannot be read: {error.strerror}. Check the path and your rights.") from error
    key = SigningKey.generate()
    try:
        # Exclusive: two first starts at once never leave two keys, and a link put there is not followed.
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(bytes(key).hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        return _again(path), False
    except OSError as error:
        reason = error.strerror or str(error)
        raise KeyProblem(f"{path}: cannot be made: {reason}. Make its folder, or choose another with --key.") from error
    return key, True


def _again(path: str) -> SigningKey:
    try:
        return _read(path)
    except OSError as error:
        raise KeyProblem(f"{path}: cannot be read: {error.strerror}. Check the path and your rights.") from error


def _read(path: str) -> SigningKey:
    with open(path, "rb") as file:
        rights = os.fstat(file.fileno())
        data = file.read(256)
    if os.name == "posix" and stat.S_IMODE(rights.st_mode) & 0o077:
        raise KeyProblem(f"{path}: others may read this key. Make a new one, or: chmod 600 {path}")
    if not _SEED.match(data):
        raise KeyProblem(f"{path}: is no landmark's key (64 hex digits). Name another file; a new key is made there.")
    return SigningKey(bytes.fromhex(data.decode().strip()))

"""The agent's settings, each with where it comes from: default, file, environment, command line; later ones win.

File: /etc/farmwatch/agent.yaml, or the one that --config or FARMWATCH_CONFIG names. A secret is no setting.
"""

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.observables import KINDS

from .options import USAGE

DEFAULT_FILE = "/etc/farmwatch/agent.yaml"
_MAX_BYTES = 64 << 10


class ConfigError(FarmwatchError):
    """A setting that cannot be used; str() names place, field and remedy."""

    code = USAGE


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What can be set.

    url                collector's address, "https://farmwatch.example.com"; the enrolment's own when ""
    proxy              "http://proxy.example.com:3128"; the system's when ""
    ca_file            PEM file of the company's own authority, beside those the system trusts
    heartbeat_seconds  60 to 86,400; each wait is this +-20 %
    off                kinds that are not looked at; their sections say so
    on                 kinds that are looked at only where they are named; `off` wins
    landmarks          what may be measured: names such as "*.example.com", and networks, which may be private ones
    origins            where each setting comes from
    """

    url: str = ""
    proxy: str = ""
    ca_file: str = ""
    heartbeat_seconds: int = 900
    off: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    landmarks: tuple[str, ...] = ()
    origins: dict[str, str] = {}


NAMES = ("url", "proxy", "ca_file", "heartbeat_seconds", "off", "on", "landmarks")
_LISTS = ("off", "on", "landmarks")


def load(
    path: str = "", flags: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Returns the settings; raises ConfigError for the first that cannot be used.

    path         "" for the usual place, which need not exist; a file that is named must
    flags        setting name -> text given on the command line
    environment  the process's own when None
    """
    environment = os.environ if environment is None else environment
    named = path or environment.get("FARMWATCH_CONFIG", "")
    values: dict[str, Any] = {}
    origins = dict.fromkeys(NAMES, "default")
    for name, (value, line) in _from_file(named or DEFAULT_FILE, must_exist=bool(named)).items():
        values[name], origins[name] = value, f"{named or DEFAULT_FILE} line {line}"
    for name in NAMES:
        if (text := environment.get(f"FARMWATCH_{name.upper()}")) is not None:
            values[name], origins[name] = _typed(name, text, f"environment FARMWATCH_{name.upper()}")
        if flags and (text := flags.get(name)):
            values[name], origins[name] = _typed(name, text, f"--{name.replace('_', '-')}")
    for name, value in values.items():
        _check(name, value, origins[name])
    for name in _LISTS:
        if name in values:
            values[name] = tuple(values[name])
    return Settings(**values, origins=origins)


def check_url(url: str, place: str) -> None:
    """Raises ConfigError for an address that reports must not go to."""
    from urllib.parse import urlsplit  # noqa: PLC0415 (most passes have no address to look at)

    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ConfigError(
            f"{place}, url: “{url}” is no address ({error}). Write https://farmwatch.example.com."
        ) from error
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ConfigError(f"{place}, url: “{url}” is no web address. Write https://farmwatch.example.com.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigError(
            f"{place}, url: holds a name, password or query. An address must hold no secret; leave them out."
        )
    if parts.path not in ("", "/"):
        raise ConfigError(f"{place}, url: has a path ({parts.path}). Give scheme, host and port alone.")
    if parts.scheme == "http" and host not in ("localhost", "127.0.0.1", "::1"):
        raise ConfigError(f"{place}, url: plain http is taken for this machine itself only. Write https.")


def _check_proxy(proxy: str, place: str) -> None:
    """Raises ConfigError for what is no proxy's address; does not repeat it, because a password may stand in it."""
    from urllib.parse import urlsplit  # noqa: PLC0415 (most laptops take the system's proxy)

    try:
        parts = urlsplit(proxy)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(char.isspace() for char in proxy):
        raise ConfigError(f"{place}, proxy: is no proxy's address. Write http://proxy.example.com:3128.")


def _typed(name: str, text: str, origin: str) -> tuple[Any, str]:
    if name == "heartbeat_seconds":
        if not (text.isascii() and text.isdigit()):
            raise ConfigError(f"{origin}: “{text}” is no number of seconds. Write 900.")
        return int(text), origin
    if name in _LISTS:
        return [part for part in text.replace(" ", ",").split(",") if part], origin
    return text, origin


def _check(name: str, value: Any, origin: str) -> None:
    if name == "heartbeat_seconds":
        if type(value) is not int or not 60 <= value <= 86_400:
            raise ConfigError(
                f"{origin}, heartbeat_seconds: {value!r} is not a whole number from 60 to 86400. Write 900."
            )
    elif name in ("off", "on"):
        if not isinstance(value, list):
            raise ConfigError(
                f"{origin}, {name}: is no list. Write {name}: [{'sessions' if name == 'off' else 'arp'}]."
            )
        for kind in value:
            if not isinstance(kind, str) or kind not in KINDS:
                raise ConfigError(f"{origin}, {name}: there is no kind {kind!r}. It knows {', '.join(KINDS)}.")
    elif name == "landmarks":
        _check_landmarks(value, origin)
    elif not isinstance(value, str):
        raise ConfigError(f'{origin}, {name}: {value!r} is no text. Put it into quotes: {name}: "...".')
    elif name == "url" and value:
        check_url(value, origin)
    elif name == "proxy" and value:
        _check_proxy(value, origin)
    elif name == "ca_file" and value and not os.path.isfile(value):
        raise ConfigError(f"{origin}, ca_file: there is no file {value}. Name a PEM file, or leave ca_file out.")


def _check_landmarks(value: Any, origin: str) -> None:
    """Raises ConfigError for what is no list of names and networks."""
    from .probes.latency.allowed import is_entry  # noqa: PLC0415 (most laptops have no list)

    if not isinstance(value, list):
        raise ConfigError(f'{origin}, landmarks: is no list. Write landmarks: ["*.example.com", 198.51.100.0/24].')
    for entry in value:
        if not isinstance(entry, str) or not is_entry(entry):
            raise ConfigError(
                f"{origin}, landmarks: {entry!r} is neither a name nor a network. Write *.example.com for all names"
                " below one, or 198.51.100.0/24."
            )


def _from_file(path: str, *, must_exist: bool) -> dict[str, tuple[Any, int]]:
    """Returns setting name -> value and line."""
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except FileNotFoundError as error:
        if not must_exist:
            return {}
        raise ConfigError(f"{path}: there is no such file. Make it, or leave --config out.") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Run with the rights to read it.") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{path}: is larger than 64 KiB. A settings file has a few lines.")
    return _parse(path, data)


def _parse(path: str, data: bytes) -> dict[str, tuple[Any, int]]:
    import yaml  # noqa: PLC0415 (30 ms that a laptop without a settings file never pays)

    loader = None
    try:
        loader = yaml.SafeLoader(data)
        node = loader.get_single_node()
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{path} line 1: is no list of settings. Write lines like heartbeat_seconds: 900.")
        found: dict[str, tuple[Any, int]] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = str(key.value)
            if name not in NAMES:
                raise ConfigError(f"{path} line {line}: there is no setting “{name}”. {_hint(name)}")
            if name in found:
                raise ConfigError(f"{path} line {line}, {name}: is set twice. Leave one of them out.")
            found[name] = (loader.construct_object(value, deep=True), line)
        return found
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path} line {mark.line + 1}" if mark is not None else path
        problem = getattr(error, "problem", None) or type(error).__name__
        raise ConfigError(f"{place}: is not valid YAML ({problem}). Mend it or take the line out.") from error
    finally:
        if loader is not None:
            loader.dispose()


def _hint(name: str) -> str:
    import difflib  # noqa: PLC0415 (only for a typo)

    near = difflib.get_close_matches(name, NAMES, n=1)
    return f"Did you mean {near[0]}?" if near else f"It knows {', '.join(NAMES)}."

# ruff: noqa: INP001 (data for tests, not a package of them)
"""Recorded hosts: `hosts/<os>/<name>/`, what real laptops answered, typed from public sources into our recorded form.

about.yaml     what it is (`title`), `constructed` (true when no public output stands behind it), `sources` (each with
               what was taken from it), `now`, `euid`, `boot`, `uptime`; and `kinds`, those it says something about
*.yaml, other  parts, merged (names in one folder are joined): by verb (`rows`, `command`, `read`, `names`, `link`,
               `argument_flags` ...) the answers by question. An answer is an object as in a capture, or in short:
                 rows: a list of objects; read and command: a text, or {file: NAME} for a file of this folder;
                 names, argument_flags, descriptors: a list of words; link: a text;
                 error: {error: not_permitted, message: ...}
               Bytes are written {hex: "..."} ; blanks in it are ignored
capture.gz     instead of parts: a capture that `farmwatch-agent capture` wrote on a live machine
expected.yaml  by kind: `outcome`, `source` (where the expected values come from), `has` (each an observable of which
               the given fields must be so), `has_not` (none may be so), `gaps` (words that a gap's `what` holds)
"""

import base64
import gzip
from pathlib import Path
from typing import Any

import msgspec
import yaml

from farmwatch_agent.host.capture import Answer, Capture, unpack

HOSTS = Path(__file__).parent / "hosts"
PLATFORMS = ("linux", "macos", "windows")
_VERBS = ("read", "names", "link", "resolve", "status", "sha256", "read_each", "link_each", "argument_flags",
          "descriptors", "rows", "command")  # fmt: skip
_WORDS = ("names", "read_each", "link_each", "argument_flags", "descriptors")


def host_folders(platform: str = "") -> list[Path]:
    """Returns the folder of every recorded host, of one platform if given."""
    return sorted(path.parent for path in HOSTS.glob(f"{platform or '*'}/*/about.yaml"))


def about(folder: Path) -> dict[str, Any]:
    """Returns what about.yaml says."""
    loaded: dict[str, Any] = yaml.safe_load((folder / "about.yaml").read_text(encoding="utf-8"))
    return loaded


def expected(folder: Path) -> dict[str, Any]:
    """Returns what expected.yaml says, by kind."""
    loaded: dict[str, Any] = yaml.safe_load((folder / "expected.yaml").read_text(encoding="utf-8"))
    return loaded


def load(folder: Path) -> Capture:
    """Returns a recorded host as a capture."""
    if (folder / "capture.gz").is_file():
        return unpack((folder / "capture.gz").read_bytes(), str(folder))
    said = about(folder)
    answers: dict[str, dict[str, Answer]] = {verb: {} for verb in _VERBS}
    for part in sorted(folder.glob("*.yaml")):
        if part.name in ("about.yaml", "expected.yaml"):
            continue
        for verb, questions in yaml.safe_load(part.read_text(encoding="utf-8")).items():
            for question, answer in questions.items():
                before, given = answers[verb].get(str(question)), _answer(folder, verb, answer)
                if verb == "names" and before is not None and before.names is not None and given.names is not None:
                    given = Answer(names=sorted({*before.names, *given.names}))
                else:
                    assert before is None, f"{part}: {verb} {question} is answered twice"
                answers[verb][str(question)] = given
    return Capture(
        format="farmwatch-capture",
        version=1,
        agent="recorded",
        platform=folder.parent.name,
        pseudonymised=True,
        now=float(said["now"]),
        uptime=float(said.get("uptime", 3600)),
        euid=int(said.get("euid", 0)),
        boot=str(said.get("boot", "one boot")),
        **answers,  # type: ignore[arg-type]
    )


def _answer(folder: Path, verb: str, given: Any) -> Answer:
    if isinstance(given, dict) and "error" in given:
        return Answer(error=given["error"], message=given.get("message", ""))
    if verb == "rows":
        return Answer(rows=[msgspec.Raw(msgspec.json.encode(_plain(row))) for row in given])
    if verb in _WORDS:
        return Answer(names=[str(word) for word in given])
    if verb in ("link", "resolve"):
        return Answer(target=given)
    if verb == "sha256":
        return Answer(sha256=given)
    if verb == "status":
        return msgspec.convert({"status": given}, Answer)
    if isinstance(given, dict) and "file" in given:
        data = (folder / given["file"]).read_bytes()
        data = gzip.decompress(data) if given["file"].endswith(".gz") else data
    elif isinstance(given, dict):
        data = _hex(given["hex"])
    else:
        return Answer(text=given)
    try:
        return Answer(text=data.decode())
    except UnicodeDecodeError:
        return Answer(data=data)


def _plain(value: Any) -> Any:
    """Returns a value with bytes written in hex as the base64 that captures hold."""
    if isinstance(value, dict):
        if set(value) == {"hex"}:
            return base64.b64encode(_hex(value["hex"])).decode()
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _hex(text: Any) -> bytes:
    return bytes.fromhex("".join(str(text).split()))

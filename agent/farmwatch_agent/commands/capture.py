"""Writes what the probes read into a file, pseudonymised unless --raw. docs/capture.md describes the file."""

import os
import sys

from farmwatch_schema.identifiers import Keyer

from .. import health, runner
from ..host import open_host
from ..host.capture import save
from ..host.recording import RecordingHost
from ..options import OK, Options
from .collect import give_rounds, names_of

OPTIONS = {"raw": "", "only": "KIND", "root": "DIR"}
WORDS: tuple[str, ...] = ("FILE",)


def run(options: Options) -> int:
    """Writes the file that the first word names."""
    host = RecordingHost(open_host(options.text("root") or None))
    give_rounds(options.text("state-dir"))
    runner.run(host, Keyer.from_key(os.urandom(32)), health.current, names_of(options.text("only")))
    raw = options.flag("raw")
    save(host.capture(raw=raw), options.words[0])
    print(options.words[0])
    if raw:
        print("raw: it holds serials, names and addresses of this machine; give it to nobody.", file=sys.stderr)
    else:
        print("pseudonymised; look through it before you give it away: gunzip -c FILE", file=sys.stderr)
    return OK

"""The helper in a user's session: counts where input comes from and hands the counts to the reader. No rights needed.

Services see no input on Windows, and on macOS not which of it programs made. Counts are docs/privacy.md's, seconds and
coarse buckets; they lie in a folder that the installer makes, one file a user.
"""

import hashlib
import os
import sys
import threading

from .. import config
from ..host import input_counts
from ..host.input_watch import Watcher
from ..options import FAILED, OK, AgentError, Options
from .read import end_quietly, log

OPTIONS = {"timing": "", "folder": "DIR"}
WORDS: tuple[str, ...] = ()

SAVE_SECONDS = 60.0


def run(options: Options) -> int:
    """Counts until it is ended."""
    settings = config.load(options.text("config"))
    if "input_source" in settings.off and "input_timing" not in settings.on:
        log("input_source is turned off in this laptop's settings; nothing is counted")
        return OK
    folder = options.text("folder") or input_counts.sessions_folder()
    path = os.path.join(folder, f"{_name()}.json")
    watcher = _watcher(path, timing=options.flag("timing") or "input_timing" in settings.on)
    if not os.path.isdir(folder):
        raise AgentError(f"{folder}: there is no such folder. The installer makes it; --folder names another.", FAILED)
    end_quietly()
    ended = threading.Event()
    keeper = threading.Thread(target=_keep, args=(watcher, path, ended), daemon=True)
    keeper.start()
    log(f"counts input into {path}; Ctrl-C ends it")
    try:
        # Messages of Windows come to the thread that asked for them: this one.
        watcher.run()
    finally:
        ended.set()
        keeper.join(2.0)
        _save(watcher, path)
    return OK


def _keep(watcher: Watcher, path: str, ended: threading.Event) -> None:
    while not ended.wait(SAVE_SECONDS):
        _save(watcher, path)


def _save(watcher: Watcher, path: str) -> None:
    # Readable for the reader, which is SYSTEM or root; nobody else needs it.
    input_counts.save(watcher.counter.rows(), path)


def _watcher(path: str, *, timing: bool) -> Watcher:
    kept = input_counts.load(path)
    if sys.platform == "win32":
        from ..host.windows.input_session import session_watcher  # noqa: PLC0415 (each platform's own)

        return session_watcher(kept, timing=timing)
    if sys.platform == "darwin":
        from ..host.macos import idle_time  # noqa: PLC0415

        return idle_time.session_watcher(kept)
    raise AgentError("no helper is needed on Linux: the reader counts input itself. Run farmwatch-agent read.", FAILED)


def _name() -> str:
    """Returns the file's name: one a session and user, telling neither."""
    if sys.platform == "win32":
        from ..host.windows.input_session import session_number  # noqa: PLC0415

        user = os.environ.get("USERDOMAIN", "") + "\\" + os.environ.get("USERNAME", "")
        return f"{session_number()}-{hashlib.blake2b(user.encode(), digest_size=6).hexdigest()}"
    return str(os.getuid())

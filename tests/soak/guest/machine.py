"""A Debian guest under qemu, for what only a kernel of one's own can show: gadgets, radios, units under systemd.

`make.sh` makes its disk. TCG, not KVM: it runs everywhere, boots in about a minute, and writes nothing to the disk.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple, Self, TextIO

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
FOLDER = Path(os.environ.get("FARMWATCH_GUEST", "/var/tmp/farmwatch-guest"))
QEMU = "qemu-system-x86_64"
BOOT_SECONDS = 400.0


def why_not() -> str:
    """Returns why there can be no guest here; "" when there can."""
    if shutil.which(QEMU) is None:
        return f"no {QEMU}: install qemu-system-x86 for tests in a guest"
    if not (FOLDER / "disk.img").is_file() and (os.geteuid() != 0 or shutil.which("debootstrap") is None):
        return f"no guest in {FOLDER}: run tests/soak/guest/make.sh as root, with debootstrap installed"
    return ""


class Done(NamedTuple):
    """What a script in the guest gave back."""

    code: int
    out: str
    err: str


class Guest:
    """A running guest; one at a time is enough, as each script runs in the same one.

    devices  of qemu, each as after -device
    """

    def __init__(self, devices: tuple[str, ...] = ("usb-kbd", "usb-mouse", "usb-tablet")) -> None:
        subprocess.run([HERE / "make.sh", FOLDER], check=True, timeout=900)
        self.share = Path(tempfile.mkdtemp(prefix="guest-"))
        self._number = 0
        with (self.share / "farmwatch.tar").open("wb") as file:
            subprocess.run(["git", "-C", ROOT, "archive", "HEAD"], stdout=file, check=True)
        for path in HERE.glob("*.*"):
            if path.suffix in (".py", ".sh"):
                shutil.copy(path, self.share)
        (self.share / "stick.img").write_bytes(bytes(1 << 20))
        kernel, initrd = (sorted((FOLDER / "root" / "boot").glob(name))[-1] for name in ("vmlinuz-*", "initrd.img-*"))
        self._process = subprocess.Popen(
            [QEMU, "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1500", "-display", "none",
             "-serial", f"file:{self.share}/console.log", "-kernel", kernel, "-initrd", initrd,
             "-drive", f"file={FOLDER}/disk.img,if=virtio,format=raw,snapshot=on",
             "-virtfs", f"local,path={self.share},mount_tag=share,security_model=none",
             "-append", "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=false", "-net", "none", "-no-reboot",
             "-drive", f"file={self.share}/stick.img,if=none,id=stick,format=raw",
             "-qmp", f"unix:{self.share}/qmp,server=on,wait=off",
             "-device", "qemu-xhci", "-device", "usb-storage,drive=stick",
             *(word for device in devices for word in ("-device", device))],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        try:
            self._wait(self.share / "ready", BOOT_SECONDS)
        except BaseException:
            self._process.kill()
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(self, script: str, seconds: float = 300) -> Done:
        """Runs a shell script as root in the guest, with its shared folder at /share; raises TimeoutError."""
        self._number += 1
        name = self.share / f"{self._number:03}"
        name.with_suffix(".part").write_text(script)
        name.with_suffix(".part").rename(name.with_suffix(".job"))
        self._wait(name.with_suffix(".done"), seconds)
        out, err = (name.with_suffix(suffix).read_text(errors="replace") for suffix in (".out", ".err"))
        return Done(int(name.with_suffix(".code").read_text()), out, err)

    def ask(self, script: str, seconds: float = 300) -> str:
        """Returns what a script wrote, which must succeed."""
        done = self.run(script, seconds)
        assert done.code == 0, f"{script}\nended with {done.code}\n{done.out[-2000:]}\n{done.err[-4000:]}"
        return done.out

    def move(self, seconds: float, milliseconds: float) -> None:
        """Moves qemu's tablet, a device on the guest's USB, once every so many milliseconds."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(f"{self.share}/qmp")
            answers = line.makefile("r")
            _command(line, answers, "qmp_capabilities")
            start = due = time.monotonic()
            while time.monotonic() - start < seconds:
                place = int((due - start) * 1000) % 30_000
                axes = [{"type": "abs", "data": {"axis": axis, "value": place}} for axis in "xy"]
                _command(line, answers, "input-send-event", events=axes)
                due += milliseconds / 1000
                time.sleep(max(0.0, due - time.monotonic()))

    def stop(self) -> None:
        """Ends the guest and forgets what it wrote."""
        (self.share / "stop").touch()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.share, ignore_errors=True)

    def _wait(self, path: Path, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not path.exists():
            if self._process.poll() is not None:
                assert self._process.stderr is not None
                raise RuntimeError(f"the guest ended: {self._process.stderr.read().decode()[-2000:]}")
            if time.monotonic() > end:
                raise TimeoutError(f"{path.name}: nothing after {seconds:.0f} s; {self._console()}")
            time.sleep(0.1)

    def _console(self) -> str:
        try:
            return (self.share / "console.log").read_text(errors="replace")[-2000:]
        except OSError:
            return "no console"


def _command(line: socket.socket, answers: TextIO, name: str, **arguments: Any) -> None:
    """Gives qemu one command (docs/interop/qmp-spec.txt) and waits for its answer."""
    line.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
    while "return" not in (answer := json.loads(answers.readline())):
        assert "error" not in answer, answer

"""Harmless programs that look like something: names, paths, signers and bundles are those of the products.

Sources: the products' packages and documents (NVDA, 1Password, TextExpander, AutoHotkey, espanso, PowerToys Awake,
Caffeine, VS Code, Docker, WSL, Citrix and VMware agents, OBS), as the lists named in NOTICE have them.
"""

from farmwatch_schema.observables import Observable
from farmwatch_schema.observables.input_source import InputDevice
from farmwatch_schema.observables.media import MediaDevice
from farmwatch_schema.observables.network import NetworkInterface
from farmwatch_schema.observables.power import WakeLock
from farmwatch_schema.observables.processes import Process
from farmwatch_schema.observables.services import Service
from farmwatch_schema.observables.sockets import OutboundCount

from .remote import Found, process

_APPLE_INPUT = "/System/Library/Input Methods/Assistive Control.app/Contents/MacOS/AssistiveControl"
_LOCAL = r"~\AppData\Local"


def screen_reader(platform: str) -> Found:
    """A screen reader that gives keys by itself: NVDA, VoiceOver, Orca."""
    if platform == "windows":
        path = r"C:\Program Files (x86)\NVDA\nvda.exe"
        return {
            "processes": [process(platform, "nvda.exe", path, signer="NV Access Limited", run_by="user", count="1")]
        }
    if platform == "macos":
        path = "/System/Library/CoreServices/VoiceOver.app/Contents/MacOS/VoiceOver"
        return {"processes": [process(platform, "VoiceOver", path, package="com.apple.VoiceOver", signer="Apple",
                                      run_by="user", count="1")]}  # fmt: skip
    return {"processes": [process(platform, "orca", "/usr/bin/orca", package="orca", run_by="user", count="1")]}


def on_screen_keyboard(platform: str) -> Found:
    """An on-screen keyboard or switch control."""
    name, path, package, signer = {
        "windows": ("osk.exe", r"C:\Windows\System32\osk.exe", "", "Microsoft Windows"),
        "macos": ("AssistiveControl", _APPLE_INPUT, "com.apple.inputmethod.AssistiveControl", "Apple"),
        "linux": ("onboard", "/usr/bin/onboard", "onboard", None),
    }[platform]  # fmt: skip
    found: Found = {"processes": [process(platform, name, path, package=package, signer=signer, run_by="user",
                                          count="1", holds=("uinput",))]}  # fmt: skip
    if platform == "linux":
        made = InputDevice(name="Onboard on-screen keyboard", bus="virtual", functions=("keyboard",), absolute=False)
        found["input_source"] = [made]
    return found


def password_manager(platform: str) -> Found:
    """1Password, which types passwords where it is asked to."""
    name, path, package, signer = {
        "windows": ("1Password.exe", _LOCAL + r"\1Password\app\8\1Password.exe", "", "AgileBits, Inc."),
        "macos": ("1Password", "/Applications/1Password.app/Contents/MacOS/1Password", "com.1password.1password",
                  "2BUA8C4S2C"),
        "linux": ("1password", "/opt/1Password/1password", "1password", None),
    }[platform]  # fmt: skip
    return {"processes": [process(platform, name, path, package=package, signer=signer, run_by="user",
                                  writable=platform == "windows")]}  # fmt: skip


def text_expander(platform: str) -> Found:
    """AutoHotkey, TextExpander or espanso."""
    name, path, package, signer = {
        "windows": ("AutoHotkey64.exe", r"C:\Program Files\AutoHotkey\v2\AutoHotkey64.exe", "", ""),
        "macos": ("TextExpander", "/Applications/TextExpander.app/Contents/MacOS/TextExpander",
                  "com.smileonmymac.textexpander", "7PKJ6G4DXL"),
        "linux": ("espanso", "/usr/bin/espanso", "espanso", None),
    }[platform]  # fmt: skip
    return {"processes": [process(platform, name, path, package=package, signer=signer, run_by="user", count="1",
                                  holds=("uinput",))]}  # fmt: skip


def keep_awake(platform: str) -> Found:
    """PowerToys Awake, caffeinate or Caffeine during a presentation or a long build."""
    if platform == "windows":
        path = r"C:\Program Files\PowerToys\PowerToys.Awake.exe"
        return {"processes": [process(platform, "PowerToys.Awake.exe", path, signer="Microsoft Corporation",
                                      run_by="user", count="1")]}  # fmt: skip
    if platform == "macos":
        running = process(platform, "caffeinate", "/usr/bin/caffeinate", package="com.apple.caffeinate", signer="Apple",
                          run_by="user", count="1", flags=("keeps_awake",))  # fmt: skip
        return {"processes": [running], "power": [WakeLock(owner="caffeinate", what="idle", mode="block")]}
    running = process(platform, "caffeine", "/usr/bin/caffeine", package="caffeine", run_by="user", count="1")
    return {"processes": [running], "power": [WakeLock(owner="caffeine", what="idle", mode="block")]}


def code_tunnel(platform: str) -> Found:
    """VS Code's tunnel, as a developer runs it."""
    name, path, package, signer = {
        "windows": ("code-tunnel.exe", _LOCAL + r"\Programs\Microsoft VS Code\bin\code-tunnel.exe", "",
                    "Microsoft Corporation"),
        "macos": ("code-tunnel", "/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code-tunnel",
                  "com.microsoft.VSCode", "UBF8T346G9"),
        "linux": ("code-tunnel", "/usr/share/code/bin/code-tunnel", "code", None),
    }[platform]  # fmt: skip
    running = process(platform, name, path, package=package, signer=signer, run_by="user", count="1",
                      writable=platform == "windows", flags=("tunnel_mode",))  # fmt: skip
    return {"processes": [running], "sockets": [OutboundCount(owner=name)]}


def containers(platform: str) -> Found:
    """Docker's bridges, and on Windows WSL's switch."""
    if platform == "windows":
        name, kind, driver = "vEthernet (WSL)", "virtual", "Hyper-V Virtual Ethernet Adapter"
        running = process(platform, "com.docker.backend.exe",
                          r"C:\Program Files\Docker\Docker\resources\com.docker.backend.exe", signer="Docker Inc",
                          run_by="user")  # fmt: skip
    elif platform == "macos":
        name, kind, driver = "bridge100", "bridge", "bridge"
        running = process(platform, "com.docker.backend",
                          "/Applications/Docker.app/Contents/MacOS/com.docker.backend", package="com.docker.docker",
                          signer="9BNSXJN65R", run_by="user")  # fmt: skip
    else:
        name, kind, driver = "docker0", "bridge", "bridge"
        running = process(platform, "dockerd", "/usr/bin/dockerd", package="docker-ce", run_by="system", count="1")
    card = NetworkInterface(name=name, kind=kind, driver=driver, mtu=1500, bus="virtual", up=True)
    return {"processes": [running], "network": [card]}


def screen_connect(platform: str) -> Found:
    """ConnectWise ScreenConnect, the tool that a company moves to (or from) in a migration week."""
    if platform == "windows":
        path = r"C:\Program Files (x86)\ScreenConnect Client (0f3b1c2d4e5f6a7b)\ScreenConnect.ClientService.exe"
        name, signer, package = "ScreenConnect.ClientService.exe", "Connectwise, LLC", ""
    elif platform == "macos":
        path = "/Applications/connectwisecontrol-0f3b1c2d4e5f6a7b.app/Contents/MacOS/JavaApplicationStub"
        name, signer, package = "JavaApplicationStub", "", "com.screenconnect.client"
    else:
        path, name, signer, package = "/opt/connectwisecontrol-0f3b1c2d4e5f6a7b/java", "java", None, ""
    kind = {"windows": "service", "macos": "launchd"}.get(platform, "systemd")
    label = (
        "ScreenConnect Client (0f3b1c2d4e5f6a7b)" if platform == "windows" else "connectwisecontrol-0f3b1c2d4e5f6a7b"
    )
    running = process(platform, name, path, package=package, signer=signer, run_by="both", helper=True)
    return {
        "processes": [running],
        "services": [Service(name=label, kind=kind, path=path, enabled=True, running=True)],
        "sockets": [OutboundCount(owner=name)],
    }


def quick_assist(platform: str) -> list[Process]:
    """Quick Assist, open while the help desk looks on; Windows only."""
    if platform != "windows":
        return []
    path = (
        r"C:\Program Files\WindowsApps\MicrosoftCorporationII.QuickAssist_2.0.34.0_x64__8wekyb3d8bbwe\QuickAssist.exe"
    )
    return [process(platform, "QuickAssist.exe", path, signer="Microsoft Corporation", run_by="user", count="1")]


def streaming(platform: str) -> list[Observable]:
    """OBS's virtual camera."""
    name = {"windows": "OBS Virtual Camera", "macos": "OBS Virtual Camera"}.get(platform, "Dummy video device (0x0000)")
    return [MediaDevice(what="camera", name=name, virtual=True, bus="virtual", in_use=False)]

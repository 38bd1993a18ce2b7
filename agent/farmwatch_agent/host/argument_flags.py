"""Argument flags: the only thing that is ever said about a process's arguments.

Arguments hold passwords, addresses and file names, so they are reduced here, inside host/, and nothing of
their text is returned: each flag is a word of `FLAGS`. A capture holds flags too, never arguments.

Source of each rule stands beside it: "man X" is the tool's manual page, "docs" the vendor's public
documentation, "source" the tool's own code. Names are exact base names; a script run by an interpreter
counts under the script's name, so that `node /usr/bin/lt` is `lt`. A program whose first argument is another word
than its name (`exec -a`) counts under its executable's name.
"""

import re
from collections.abc import Sequence

import msgspec

#: The dynamic loader runs programs too (ld.so(8)): its first plain argument is the program.
_INTERPRETERS = ("python", "perl", "node", "nodejs", "ruby", "bash", "sh", "dash", "ld-linux", "ld-musl", "ld.so")


class Rule(msgspec.Struct, frozen=True, gc=False):
    """One flag: set when a program of `tools` (any program when empty) has every word of `all_of` and one of `any_of`.

    A word ending in `*` matches the start of an argument; others match a whole argument.
    """

    flag: str
    tools: tuple[str, ...]
    any_of: tuple[str, ...]
    source: str
    all_of: tuple[str, ...] = ()


#: On macOS the executable bears the product's name.
_ANYDESK = ("anydesk", "AnyDesk")
_RUSTDESK = ("rustdesk", "RustDesk")
_VNC = ("Xtigervnc", "Xvnc", "Xtightvnc", "Xvnc4", "x0tigervncserver", "x0vncserver", "vncserver", "tigervncserver")

RULES: tuple[Rule, ...] = (
    # Tunnels that let somebody in from outside
    Rule("tunnel_mode", ("cloudflared",), ("tunnel",), "Cloudflare Tunnel docs, `cloudflared tunnel run`"),
    Rule("tunnel_mode", (), ("--token*",), "the same command under another name", ("tunnel", "run")),
    Rule("tunnel_mode", ("ngrok",), ("http", "tcp", "tls", "start", "tunnel"), "ngrok agent CLI docs"),
    Rule(
        "tunnel_mode",
        ("code", "code-insiders", "code-tunnel", "code-tunnel-insiders", "codium", "cursor"),
        ("tunnel",),
        "VS Code Remote Tunnels docs; Elastic's rule leaves `status` out",
    ),
    Rule("tunnel_mode", ("devtunnel",), ("host",), "Microsoft dev tunnels CLI docs"),
    Rule("tunnel_mode", ("frpc",), ("*",), "fatedier/frp README: frpc is the side that opens the tunnel"),
    Rule("tunnel_mode", ("chisel",), ("client",), "jpillora/chisel README"),
    Rule("tunnel_mode", (), ("R:*",), "jpillora/chisel README: reverse remotes, under any name", ("client",)),
    Rule("tunnel_mode", ("rathole",), ("--client", "-c"), "rapiz1/rathole README"),
    Rule("tunnel_mode", ("bore",), ("local",), "ekzhang/bore README"),
    Rule("tunnel_mode", ("wstunnel",), ("client",), "erebe/wstunnel README"),
    Rule("tunnel_mode", ("lt", "localtunnel"), ("--port*", "-p"), "localtunnel README"),
    Rule("tunnel_mode", ("loclx",), ("tunnel",), "LocalXpose CLI docs"),
    Rule("tunnel_mode", ("zrok",), ("share",), "openziti/zrok docs"),
    Rule("tunnel_mode", ("tailscale",), ("funnel",), "Tailscale CLI docs"),
    Rule("tunnel_mode", ("inlets", "inlets-pro"), ("client",), "inlets docs"),
    Rule("tunnel_mode", ("sshuttle",), ("-r", "--remote*"), "man sshuttle"),
    # Someone prepared access without a person at the laptop
    Rule(
        "unattended_setup",
        _ANYDESK,
        ("--set-password", "--silent", "--start-with-win", "--register-license"),
        "AnyDesk command line interface docs",
    ),
    Rule(
        "unattended_setup",
        _RUSTDESK,
        ("--password", "--silent-install"),
        "rustdesk source, core_main.rs",
    ),
    Rule(
        "unattended_setup",
        ("start-host", "remoting_start_host"),
        ("--pin*", "--code*"),
        "Chrome Remote Desktop headless set-up docs; chromium remoting/host/setup",
    ),
    Rule(
        "unattended_setup",
        ("kickstart",),
        ("-activate", "-on", "-setvncpw"),
        "Apple support, kickstart of Apple Remote Desktop: switches Remote Management on, a Perl script",
    ),
    Rule("unattended_setup", ("teamviewer", "teamviewerd"), ("passwd", "assignment"), "TeamViewer Linux CLI help"),
    Rule("unattended_setup", ("teamviewer",), ("assign",), "TeamViewer docs, mass deployment on Windows"),
    Rule(
        "unattended_setup",
        ("msiexec",),
        ("CUSTOMCONFIGID=*", "ASSIGNMENTID=*", "APITOKEN=*"),
        "TeamViewer docs, mass deployment on Windows: properties of its MSI",
    ),
    Rule(
        "unattended_setup",
        (),
        ("?e=Access&*",),
        "ConnectWise ScreenConnect: its client service's one argument, e=Access for sessions without a person",
    ),
    Rule("unattended_setup", (), ("--installedByUser*", "--meshServiceName*"), "MeshAgent source, agent-installer.js"),
    Rule("service_install", _RUSTDESK, ("--install-service",), "rustdesk source, core_main.rs"),
    Rule(
        "service_install",
        _ANYDESK,
        ("--install-service", "--install"),
        "AnyDesk command line interface docs",
    ),
    Rule(
        "service_install",
        ("meshagent", "meshagent32", "meshagent64"),
        ("-install", "-fullinstall"),
        "MeshAgent source, agentcore.c",
    ),
    Rule(
        "service_install",
        ("tvnserver", "winvnc"),
        ("-install", "-reinstall"),
        "TightVNC for Windows: Server Command-Line Options; UltraVNC docs, command line",
    ),
    Rule(
        "service_install",
        ("cloudflared", "ngrok", "code", "code-tunnel", "code-insiders"),
        ("install",),
        "each vendor's CLI docs: `service install`",
        ("service",),
    ),
    # What is being served, and how openly
    Rule(
        "remote_session_window",
        _RUSTDESK,
        ("--cm", "--cm-no-ui"),
        "rustdesk source: a peer is connected",
    ),
    Rule("serves_screen", _RUSTDESK, ("--server", "--service"), "rustdesk source, core_main.rs"),
    Rule(
        "serves_screen", ("AnyDesk",), ("--service", "--control"), "seen on Macs: the daemon's and the agent's argument"
    ),
    Rule("serves_screen", ("anydesk",), ("--service",), "AnyDesk command line interface docs"),
    Rule("serves_screen", (), ("-kvm0", "-kvm1"), "MeshAgent source, agent-installer.js: its part in the session"),
    Rule("serves_screen", (), ("?e=Support&*",), "ConnectWise ScreenConnect: e=Support for sessions with a person"),
    Rule(
        "serves_screen",
        ("tvnserver", "winvnc"),
        ("-service", "-service_run", "-run"),
        "TightVNC for Windows: Server Command-Line Options; UltraVNC docs, command line",
    ),
    Rule("serves_screen", ("xpra",), ("shadow", "shadow-screen"), "man xpra"),
    Rule("serves_screen", ("weston",), ("--backend=rdp*", "--backend=vnc*", "-Brdp*"), "man weston"),
    Rule("serves_screen", ("gnome-remote-desktop-daemon", "grdctl"), ("--headless", "--system"), "man grdctl"),
    Rule("vnc_forever", ("x11vnc",), ("-forever", "-many", "-loop*"), "man x11vnc"),
    Rule("vnc_shared", ("x11vnc", *_VNC), ("-shared", "-alwaysshared", "-AlwaysShared*"), "man x11vnc; man Xvnc"),
    Rule("vnc_no_password", ("x11vnc",), ("-nopw",), "man x11vnc"),
    Rule("vnc_no_password", _VNC, ("None", "SecurityTypes=None"), "man Xvnc: -SecurityTypes None"),
    Rule("vnc_reverse", ("x11vnc",), ("-connect", "-connect_or_exit", "-reflect"), "man x11vnc"),
    Rule(
        "vnc_reverse",
        ("tvnserver", "winvnc"),
        ("-connect", "-autoreconnect"),
        "TightVNC for Windows: Server Command-Line Options; UltraVNC docs, command line",
    ),
    Rule("rfbport", ("x11vnc", *_VNC), ("-rfbport", "-autoport", "rfbport=*"), "man x11vnc; man Xvnc"),
    Rule("rfbport", (), ("-rfbport",), "the same option under another name"),
    Rule("loopback_only", ("x11vnc", *_VNC), ("-localhost", "-localhost=1", "localhost=1"), "man x11vnc; man Xvnc"),
    Rule("display_capture", ("x11vnc",), ("-display", "-auth", "-find", "-create", "-id"), "man x11vnc"),
    Rule("display_capture", ("ffmpeg",), ("x11grab", "kmsgrab", "gdigrab"), "ffmpeg-devices documentation"),
    Rule(
        "display_capture",
        ("gst-launch-1.0",),
        ("ximagesrc*", "pipewiresrc*", "d3d11screencapturesrc*"),
        "GStreamer plug-in documentation",
    ),
    # Keeps the laptop awake
    Rule("keeps_awake", ("caffeinate",), ("-*",), "man caffeinate"),
    Rule("remote_display_server", ("Xorg", "X"), ("xrdp/xorg.conf", "*xrdp*"), "xrdp's sesman.ini: Xorg -config"),
)

#: Scripts whose name is told when an interpreter runs them: remote-access helpers, each with its project.
SCRIPTS: dict[str, str] = {
    "websockify": "novnc/websockify: VNC in a browser",
    "novnc_proxy": "novnc/noVNC utils/novnc_proxy",
    "chrome-remote-desktop": "Chrome Remote Desktop's Linux host is a Python script of this name",
    "xpra": "Xpra-org/xpra",
    "sshuttle": "sshuttle/sshuttle",
    "tigervncserver": "Debian's tigervnc-standalone-server",
    "vncserver": "the wrapper of several VNC servers",
}

_SSH_FLAGS = {"R": "ssh_remote_forward", "D": "ssh_dynamic_forward", "w": "ssh_tunnel_device"}
_SSH_OPTIONS = {"remoteforward": "R", "dynamicforward": "D", "tunnel": "w"}
#: Letters of ssh(1) that take a value, from its synopsis; M is autossh's.
_SSH_WITH_VALUE = frozenset("BbcDEeFIiJLlmOoPpQRSWw")
_SSH_TOOLS = frozenset({"ssh", "autossh", "dbclient", "plink", "kitty-ssh"})

#: Processes whose one and only argument is such a word, whatever the program is called: RustDesk's source
#: (core_main.rs) starts itself so, for its service, its screen server and its window while a peer is connected.
_ONLY: dict[bytes, str] = {
    b"--service": "only_service",
    b"--server": "only_server",
    b"--cm": "remote_session_window",
    b"--cm-no-ui": "remote_session_window",
}

FLAGS: frozenset[str] = frozenset(
    {rule.flag for rule in RULES}
    | set(_ONLY.values())
    | set(_SSH_FLAGS.values())
    | {f"script_{name.replace('-', '_')}" for name in SCRIPTS}
)

_BY_TOOL: dict[str, tuple[Rule, ...]] = {}
for _rule in RULES:
    for _tool in _rule.tools or ("",):
        _BY_TOOL[_tool] = (*_BY_TOOL.get(_tool, ()), _rule)
#: Names without case; where two differ in case alone, the one in small letters.
_BY_FOLDED = {name.casefold(): name for name in sorted((*_BY_TOOL, *_SSH_TOOLS, *SCRIPTS))}
#: Something of a nameless rule must be there at all, before any rule is tried: most processes fail this test.
_NAMELESS = re.compile(
    rb"\0tunnel\0|\0R:|--installedByUser|--meshServiceName|\0-rfbport\0|\0-kvm[01]\0|\0\?e=(?:Access|Support)&"
)
#: ssh(1): -R [bind_address:]port:host:hostport, and the option of that name: ssh under another name has them too.
_REMOTE_FORWARD = re.compile(
    rb"\0-[46AaCfGgKkMNnqsTtVvXxYy]*R\0?(?:[^\0:]*:|\[[^\0\]]*\]:)?\d{1,5}:(?:\[[^\0\]]+\]|[^\0:]+):\d{1,5}(?:\0|\Z)"
    rb"|\0-o\0?(?i:RemoteForward)[ =]+[^\0]*\d:"
)


def flags_of(command_line: bytes, executable: str = "") -> tuple[str, ...]:
    """Returns the sorted flags of a process from its NUL-separated arguments, as /proc/PID/cmdline has them.

    executable  path of its executable, "" when that may not be read
    """
    program, _, rest = command_line.partition(b"\0")
    first = program.rpartition(b"/")[2].decode("utf-8", "replace")
    if executable and not _is_known(first):
        real = executable.removesuffix(" (deleted)").rpartition("/")[2]
        # A title that a tool made for itself ("ssh: ... [mux]") leaves no arguments, so it says nothing here either.
        first = real if _is_known(real) else first
    only = _ONLY.get(rest.rstrip(b"\0"))
    interpreter = first.startswith(_INTERPRETERS)
    nameless = _NAMELESS.search(command_line) is not None
    flags: set[str] = {only} if only else set()
    if _REMOTE_FORWARD.search(command_line) is not None:
        flags.add(_SSH_FLAGS["R"])
    if not interpreter and not nameless and first not in _BY_TOOL and first not in _SSH_TOOLS:
        return tuple(sorted(flags))
    arguments = command_line.decode("utf-8", "replace").rstrip("\0").split("\0")[1:]
    name = first
    if interpreter:
        position = next((i for i, word in enumerate(arguments) if not word.startswith("-")), None)
        if position is not None:
            name = arguments[position].rpartition("/")[2]
            arguments = arguments[position + 1 :]
            if name in SCRIPTS:
                flags.add(f"script_{name.replace('-', '_')}")
    rules = _BY_TOOL.get(name, ()) if name else ()
    for rule in (*rules, *_BY_TOOL[""]) if nameless else rules:
        if all(_has(arguments, word) for word in rule.all_of) and any(_has(arguments, word) for word in rule.any_of):
            flags.add(rule.flag)
    if name in _SSH_TOOLS:
        flags |= _ssh_flags(arguments)
    return tuple(sorted(flags))


def flags_of_windows(words: Sequence[str], executable: str = "") -> tuple[str, ...]:
    """Returns the sorted flags of a Windows process from its arguments, the program's own word first.

    Programs count by their base names without `.exe` and without case, as Windows itself finds them.
    """
    line = [_windows_tool(word) if not index else _slashes(word) for index, word in enumerate(words)]
    data = "".join(f"{word}\0" for word in line).encode("utf-8", "surrogatepass")
    return flags_of(data, _windows_tool(executable))


def _windows_tool(path: str) -> str:
    name = path.replace("\\", "/").rpartition("/")[2].casefold().removesuffix(".exe")
    return _BY_FOLDED.get(name, name)


def _slashes(word: str) -> str:
    """Returns a path with slashes, so that a script's name is found; anything else as it is."""
    return word.replace("\\", "/") if word[1:3] == ":\\" or word.startswith(("\\\\", ".\\")) else word


def _is_known(name: str) -> bool:
    return name in _BY_TOOL or name in _SSH_TOOLS or name.startswith(_INTERPRETERS)


def _has(arguments: list[str], word: str) -> bool:
    if word.startswith("*") and len(word) > 1:
        return any(word.strip("*") in argument for argument in arguments)
    if word.endswith("*"):
        return any(argument.startswith(word[:-1]) for argument in arguments)
    return word in arguments


def _ssh_flags(arguments: list[str]) -> set[str]:
    """Returns flags of ssh's options; what follows the second plain word is the remote command and is left alone."""
    flags: set[str] = set()
    plain = 0
    words = iter(arguments)
    for word in words:
        if not word.startswith("-") or len(word) < 2:
            plain += 1
            if plain == 2:
                break
            continue
        for index, letter in enumerate(word[1:], 1):
            if letter in _SSH_FLAGS:
                flags.add(_SSH_FLAGS[letter])
            if letter in _SSH_WITH_VALUE:
                value = word[index + 1 :] or next(words, "")
                if letter == "o":
                    option = value.replace("=", " ").split(" ", 1)[0].lower()
                    if option in _SSH_OPTIONS and not value.lower().endswith(("none", "no")):
                        flags.add(_SSH_FLAGS[_SSH_OPTIONS[option]])
                break
    return flags

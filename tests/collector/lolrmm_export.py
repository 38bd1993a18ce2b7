"""Records in LOLRMM's own form (bin/spec/lolrmm.spec.json@3c75cf09): facts of real ones, cut to what is read."""

from typing import Any


def record(name: str, **more: Any) -> dict[str, Any]:
    """Returns a record; `paths`, `files`, `services`, `registry`, `signers`, `domains` go where LOLRMM has them."""
    return {
        "Name": name,
        "Category": "RMM",
        "LastModified": "2026-09-09",
        "Details": {"PEMetadata": more.get("metadata", []), "InstallationPaths": more.get("paths", [])},
        "Artifacts": {
            "Disk": [{"File": each, "Description": "N/A", "OS": "Windows"} for each in more.get("files", [])],
            "EventLog": [{"ServiceName": each} for each in more.get("services", [])],
            "Registry": [{"Path": each} for each in more.get("registry", [])],
            "Network": [{"Description": "N/A", "Domains": more.get("domains", []), "Ports": [443]}],
        },
        "CodeSigning": {"signer_names": more.get("signers", [])},
    }


def exampletool() -> dict[str, Any]:
    """Returns a tool that nobody has, with one fact of each kind, as LOLRMM writes them."""
    return record(
        "Example Reach",
        metadata=[{"Filename": "ExampleReach.exe", "OriginalFileName": "ExampleReachHost.exe"}],
        paths=[
            r"C:\Program Files\Example Reach\*",
            r"%ProgramData%\Example Reach\ExampleReachSetup.exe",
            "/Applications/Example Reach.app/Contents/MacOS/ExampleReach",
            "/usr/local/bin/example-reachd",
            "can't find this one",
        ],
        files=["/etc/systemd/system/example-reach.service", "/Library/LaunchDaemons/com.example.reach.plist"],
        registry=[r"HKLM\SYSTEM\CurrentControlSet\Services\ExampleReachSvc"],
        signers=["Example Reach GmbH"],
        domains=["*.reach.example.com", "relay.example.net:443"],
    )

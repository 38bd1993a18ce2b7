"""The house's own rules: what no linter checks."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import farmwatch_agent
import farmwatch_collector
from farmwatch_detectors.registry import DETECTORS
from farmwatch_schema.observables import KINDS

ROOT = Path(__file__).parent.parent
CODE = ("schema", "agent", "detectors", "collector", "tests", "bench")


def tracked() -> list[Path]:
    """Returns every file that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout: the list of files comes from git")
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_source_file_is_longer_than_500_lines() -> None:
    too_long = {
        str(path.relative_to(ROOT)): lines
        for folder in CODE
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert too_long == {}


def test_packaging_is_not_a_python_package_because_that_hides_the_library_of_the_same_name() -> None:
    assert not list((ROOT / "packaging").rglob("__init__.py"))


def test_every_package_ships_its_types() -> None:
    for package in ("schema", "agent", "detectors", "collector"):
        assert (ROOT / package / f"farmwatch_{package}" / "py.typed").is_file()


def test_no_file_names_a_package_index_or_a_folder_of_somebodys_machine() -> None:
    index = re.compile(
        r"--(extra-)?index-url|--find-links|https?://(pypi|files\.pythonhosted|registry\.npmjs)|\"resolved\""
    )
    folder = re.compile(r"(?<![\w.])/(work|home/[a-z]+|Users/[A-Za-z]+)/(main|shared|projects?|src)\b")
    guilty = []
    for path in tracked():
        if path == Path(__file__) or path.suffix in (".png", ".gz"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if index.search(text) or folder.search(text):
            guilty.append(str(path.relative_to(ROOT)))
    assert guilty == []


def test_every_pinned_package_carries_a_hash() -> None:
    for name, least in (("agent.txt", 8), ("demo.txt", 30), ("dev.txt", 60), ("assets.txt", 5)):
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        pins = re.findall(r"^[A-Za-z0-9_.-]+==.*?(?=^[A-Za-z0-9_.-]+==|\Z)", text, re.M | re.S)
        assert len(pins) > least
        assert [pin.split("==")[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_every_asset_from_npm_has_one_version_and_a_digest_and_no_address() -> None:
    folder = ROOT / "packaging" / "assets"
    wanted = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    text = (folder / "package-lock.json").read_text(encoding="utf-8")
    locked = {name.removeprefix("node_modules/"): it for name, it in json.loads(text)["packages"].items() if name}
    assert {name: it["version"] for name, it in locked.items()} == wanted
    assert [name for name, it in locked.items() if not it["integrity"].startswith("sha512-")] == []
    assert "://" not in text


@pytest.mark.parametrize("page", ["privacy.md", "support.md", "root-tree.md"])
def test_a_page_has_a_row_for_every_kind_of_section(page: str) -> None:
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.M)
    missing = set(KINDS) - set(re.findall(r"[a-z_]+", " ".join(rows)))
    assert missing == set(), f"docs/{page}: add a row for {missing}"


def test_the_page_about_reports_names_every_kind_of_section() -> None:
    (row,) = re.findall(r"^\| `kind` \| what was looked at: (.*) \|", (ROOT / "docs" / "report.md").read_text(), re.M)
    assert set(re.findall(r"`([a-z_]+)`", row)) == set(KINDS), "docs/report.md, Section, `kind`: name each"


def test_the_page_about_detectors_has_a_row_for_each_and_no_other() -> None:
    text = (ROOT / "docs" / "detectors.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| \[`(\w+)`\]\(\.\./detectors/farmwatch_detectors/(\w+)\.py\) \| (\w+) \| (.+?) \|", text, re.M
    )
    wanted = [(it.id, it.id, it.group, it.title) for it in DETECTORS]
    assert sorted(rows) == sorted(wanted), "docs/detectors.md: one row for each detector with its group and title"


def test_one_version_is_told_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (farmwatch_agent.__version__, farmwatch_collector.__version__) == (project["version"],) * 2


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)} -> {target}"
        for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []

"""A policy file is taken whole or refused with file, line, field and the nearest valid name."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from farmwatch_collector.cli import main
from farmwatch_collector.input_error import InputError
from farmwatch_collector.policy_file import parse_policy

TODAY = date(2026, 11, 22)
DOCS = Path(__file__).parents[2] / "docs"


def test_the_example_in_the_docs_loads_without_a_warning() -> None:
    example = re.findall(r"```yaml\n(.*?)```", (DOCS / "policy.md").read_text(encoding="utf-8"), re.DOTALL)
    policy, warnings = parse_policy(example[0], "policy.yaml", TODAY)
    assert [entry.tool or entry.vpn or entry.asset_serial for entry in policy.sanctions] == [
        "teamviewer",
        "wireguard",
        "LAB-KVM-0007",
    ]
    assert [place.kind for place in policy.places] == ["office", "household"]
    assert (policy.cohorts[0].prior, policy.cohorts[0].days) == (0.001, 30)
    assert warnings == ()


@pytest.mark.parametrize(
    ("text", "line", "field", "said"),
    [
        ("version: 1\nsanctons: []\n", 2, "sanctons", "Did you mean 'sanctions'?"),
        (
            "sanctions:\n  - tool: anydesk\n    ownr: x\n    reason: y\n",
            3,
            "sanctions[0].ownr",
            "Did you mean 'owner'?",
        ),
        ("sanctions:\n  - tool: anydesk\n    owner: x\n", 2, "sanctions[0]", "reason"),
        ("sanctions:\n  - tool: 7\n    owner: x\n    reason: y\n", 2, "sanctions[0].tool", "quotes"),
        ("sanctions:\n  - owner: x\n    reason: y\n", 2, "sanctions[0]", "allows nothing"),
        ("sanctions:\n  - tool: a\n    owner: ' '\n    reason: y\n", 3, "sanctions[0].owner", "is empty"),
        (
            "sanctions:\n  - tool: a\n    owner: x\n    reason: y\n    until: soon\n",
            5,
            "sanctions[0].until",
            "2027-03-31",
        ),
        ("places:\n  - name: hq\n    kind: ofice\n    owner: x\n", 3, "places[0].kind", "Did you mean 'office'?"),
        (
            "places:\n  - name: hq\n    kind: office\n    owner: x\n    gateway_macs:\n      - 'hello'\n",
            6,
            "places[0].gateway_macs[0]",
            "no MAC address",
        ),
        (
            "places:\n  - name: hq\n    kind: office\n    owner: x\n    egress: ['192.0.2.7', '192.0.2.0/33']\n",
            5,
            "places[0].egress[1]",
            "no address and no range",
        ),
        # YAML 1.1 reads pairs of digits below 60 as a base-60 number.
        (
            "places:\n  - name: hq\n    kind: office\n    owner: x\n    gateway_macs: [10:20:30:40:50:51]\n",
            5,
            "places[0].gateway_macs[0]",
            "quotes",
        ),
        ("sanctions:\n  - tool: no\n    owner: x\n    reason: y\n", 2, "sanctions[0].tool", "quotes"),
        (
            "sanctions:\n  - tool: anydesk\n    owner: x\n    reason: y\n    until: 2026-02-30\n",
            5,
            "sanctions[0].until",
            "no day of the calendar: '2026-02-30'",
        ),
        (
            "sanctions:\n  - tool: anydesk\n    owner: x\n    reason: y\n    devices: []\n",
            5,
            "sanctions[0].devices",
            "every device",
        ),
        (
            "sanctions:\n  - tool: anydesk\n    owner: x\n    reason: y\n    devices: d1\n",
            5,
            "sanctions[0].devices",
            "as a list",
        ),
        (
            "cohorts:\n  - {name: new, prior: 0.001}\n  - {name: new, prior: 0.01}\n",
            3,
            "cohorts[1].name",
            "already",
        ),
        ("sanctions:\n", 1, "sanctions", "remove the key"),
        ("prior: 1e-4\n", 1, "prior", "0.0001"),
        ("prior: 0.9\n", 1, "prior", "between 0 and 0.5"),
        ("version: 1\nprior: 0.0001\nprior: 0.5\n", 3, "prior", "written twice"),
        ("version: 2\n", 1, "version", "Upgrade"),
        ("cohorts:\n  - name: x\n    prior: 0.001\n    days: 0\n", 4, "cohorts[0].days", "1 to 36500"),
        ("version: 1\n  prior: 2\n", 2, "", "not valid YAML"),
        ("a: &x [1]\nb: *x\n", 2, "", "aliases"),
        ("- just\n- a list\n", 1, "", "Expected `object`"),
    ],
)
def test_what_cannot_be_taken_is_named_with_line_field_and_remedy(text: str, line: int, field: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_policy(text, "policy.yaml", TODAY)
    assert (caught.value.file, caught.value.line, caught.value.field) == ("policy.yaml", line, field)
    assert said in str(caught.value)
    assert caught.value.remedy


def test_entries_without_end_and_ended_ones_are_warned_of() -> None:
    text = (
        "sanctions:\n  - {tool: anydesk, owner: x, reason: y}\n"
        "  - {tool: rustdesk, owner: x, reason: y, until: 2026-01-01}\n"
        "  - {tool: teamviewer, owner: x, reason: y, until: 2026-11-22}\n"
    )
    _, warnings = parse_policy(text, "p.yaml", TODAY)
    assert [warning.split(":")[0] for warning in warnings] == [
        "p.yaml line 2, sanctions[0]",
        "p.yaml line 3, sanctions[1]",
    ]


@pytest.mark.parametrize(
    ("entry", "field", "said"),
    [
        ("tool: teamveiwer", "tool", "Did you mean 'teamviewer'?"),
        ("vpn: nord-vpn", "vpn", "Did you mean 'nordvpn'?"),
        ("asset_product: pikvm_otg, devices: [d1]", "asset_product", "it matches no IP-KVM. Did you mean 'pikvm'?"),
        ("vpn: tun-lab7", "vpn", "only a tunnel interface of that name"),
    ],
)
def test_an_id_that_no_catalogue_has_is_warned_of_with_the_nearest_one(entry: str, field: str, said: str) -> None:
    text = f"sanctions:\n  - {{{entry}, owner: x, reason: y, until: 2027-01-01}}\n"
    policy, warnings = parse_policy(text, "p.yaml", TODAY)
    assert len(policy.sanctions) == len(warnings) == 1
    assert warnings[0].startswith(f"p.yaml line 2, sanctions[0].{field}: ")
    assert said in warnings[0]


def test_an_empty_file_allows_nothing_and_says_so() -> None:
    policy, warnings = parse_policy("# nothing yet\n", "p.yaml", TODAY)
    assert policy.sanctions == ()
    assert "allows nothing" in warnings[0]


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_gives_a_policy_or_an_input_error(text: str) -> None:
    said = "p.yaml"
    try:
        parse_policy(text, "p.yaml", TODAY)
    except InputError as error:
        said = str(error)
    assert said.startswith("p.yaml")


@pytest.mark.parametrize("text", ["[" * 3000, "{a: " * 2000, "- " * 2000, "!!python/object:x {}"])
def test_deep_nesting_and_foreign_tags_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"p\.yaml"):
        parse_policy(text, "p.yaml", TODAY)


def test_the_verb_says_it_in_words_and_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("sanctions:\n  - {tool: a, owner: x, reason: y}\n", encoding="utf-8")
    bad.write_text("sanctons: []\n", encoding="utf-8")
    assert main(["policy", "check", str(good)]) == 0
    assert "1 sanctions" in capsys.readouterr().out
    assert main(["policy", "check", str(bad)]) == 1
    assert "bad.yaml line 1, sanctons" in capsys.readouterr().err
    assert main(["policy", "check", str(bad), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["code"], document["error"]["line"]) == (False, 1, 1)
    assert main(["policy", "check", str(tmp_path / "none.yaml")]) == 1
    assert "cannot be read: No such file" in capsys.readouterr().err


def test_measuring_can_be_turned_off_for_all_and_for_some() -> None:
    some, _ = parse_policy("unmeasured: [laptop-0007]\n", "policy.yaml", TODAY)
    assert not some.measured("laptop-0007")
    assert some.measured("laptop-0008")
    none, _ = parse_policy("measure: false\n", "policy.yaml", TODAY)
    assert not none.measured("laptop-0008")
    with pytest.raises(InputError, match=r"line 1, measure: .*Write true or false"):
        parse_policy('measure: "off"\n', "policy.yaml", TODAY)

"""virtual_machine: the system runs on a hypervisor."""

from farmwatch_detectors.groups import silence_table, why_grey
from farmwatch_detectors.virtual_machine import detect
from farmwatch_schema.observables.host import HostFacts

from .views import view


def test_hit_a_guest_says_on_what_it_runs() -> None:
    (finding,) = detect(view(host=[HostFacts(hypervisor="kvm", vendor="QEMU", model="Standard PC")]))
    assert finding.level == 1
    assert '"kvm"' in finding.sentence
    assert not finding.floor
    assert finding.evidence[0].fact == 'Hypervisor "kvm", model "Standard PC", vendor "QEMU".'
    (bare,) = detect(view(host=[HostFacts(hypervisor="kvm")]))
    assert bare.evidence[0].fact == 'Hypervisor "kvm".'


def test_miss_bare_metal_says_nothing() -> None:
    assert list(detect(view(host=[HostFacts(hypervisor="")]))) == []


def test_could_not_look_whether_there_is_a_hypervisor_is_no_finding_and_no_silence() -> None:
    for blind in (view(host=[HostFacts(hypervisor=None)]), view(host=[HostFacts(hypervisor="kvm")], outcome="broken")):
        assert list(detect(blind)) == []
        assert why_grey(blind, silence_table()["A"])


def test_honest_twin_a_virtual_desktop_is_named_in_the_sentence_and_weighs_little() -> None:
    from farmwatch_detectors.detector import level_table

    (finding,) = detect(view(host=[HostFacts(hypervisor="hyperv", chassis="virtual")]))
    row = level_table("virtual_machine")[1]
    assert "virtual desktop" in finding.sentence
    assert row.m / row.u <= 2, "at most one bit"

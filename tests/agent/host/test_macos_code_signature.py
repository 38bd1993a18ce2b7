"""Signatures through Security.framework, with a framework of our own in its place: what is asked and given back."""

from collections.abc import Iterator
from typing import Any

import pytest

from farmwatch_agent.host.macos import code_signature
from farmwatch_agent.host.macos.code_signature import CodeSignature
from farmwatch_agent.host.protocol import HostError, Missing, NotPermitted, SourceBroken

REQUIREMENT_FAILED, UNSIGNED, BAD_SIGNATURE = -67050, -67062, -67061


class Framework:
    """CoreFoundation and Security in one; objects are numbers, and `alive` counts those that nobody released."""

    def __init__(self, validity: dict[str, int], told: dict[str, Any] | None = None, opened: int = 0) -> None:
        self.validity, self.told, self.opened = validity, told or {}, opened
        self.objects: dict[int, Any] = {}
        self.alive: set[int] = set()
        self.flags: set[int] = set()

    def made(self, value: Any) -> int:
        number = 1000 + len(self.objects)
        self.objects[number] = value
        self.alive.add(number)
        return number

    def CFRelease(self, reference: int) -> None:
        self.alive.remove(reference)

    def CFURLCreateFromFileSystemRepresentation(self, _: Any, name: bytes, length: int, folder: int) -> int | None:
        assert (length, folder) == (len(name), 0)
        return self.made(name) if name else None

    def CFStringCreateWithCString(self, _: Any, text: bytes, encoding: int) -> int:
        assert encoding == 0x08000100
        return self.made(text.decode())

    def CFGetTypeID(self, reference: int) -> int:
        return 7 if isinstance(self.objects[reference], str) else 8

    def CFStringGetTypeID(self) -> int:
        return 7

    def CFStringGetCString(self, reference: int, buffer: Any, size: int, _: int) -> int:
        raw = self.objects[reference].encode()
        if len(raw) >= size:
            return 0
        buffer.value = raw
        return 1

    def CFDictionaryGetValue(self, reference: int, key: str) -> int | None:
        value = self.objects[reference].get(key)
        if value is None:
            return None
        self.objects[-len(self.objects)] = value
        return -(len(self.objects) - 1)

    def SecStaticCodeCreateWithPath(self, url: int, flags: int, out: Any) -> int:
        assert flags == 0
        if self.opened:
            return self.opened
        out._obj.value = self.made("code")
        return 0

    def SecRequirementCreateWithString(self, text: int, flags: int, out: Any) -> int:
        out._obj.value = self.made(self.objects[text])
        return 0

    def SecStaticCodeCheckValidity(self, code: int, flags: int, requirement: int) -> int:
        self.flags.add(flags)
        return self.validity[self.objects[requirement]]

    def SecCodeCopySigningInformation(self, code: int, flags: int, out: Any) -> int:
        assert flags == 2
        out._obj.value = self.made(self.told)
        return 0


@pytest.fixture
def security(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def installed(framework: Framework) -> Framework:
        monkeypatch.setattr(code_signature, "_frameworks", lambda: (framework, framework))
        monkeypatch.setattr(code_signature, "_constant", lambda name: name)
        return framework

    code_signature._requirement.cache_clear()
    yield installed
    code_signature._requirement.cache_clear()


def left(framework: Framework) -> int:
    """Returns how many objects were not given back, requirements aside, which are kept on purpose."""
    return len(framework.alive) - sum(str(framework.objects[it]).startswith("anchor") for it in framework.alive)


TOLD = {"kSecCodeInfoTeamIdentifier": "KHRWM533LU", "kSecCodeInfoIdentifier": "com.philandro.anydesk"}


@pytest.mark.parametrize(
    ("validity", "told", "wanted"),
    [
        (
            {"anchor apple": 0}, {"kSecCodeInfoIdentifier": "com.apple.Finder"},
            CodeSignature(anchor="apple", identifier="com.apple.Finder"),
        ),
        (
            {"anchor apple": REQUIREMENT_FAILED, "anchor apple generic": 0}, TOLD,
            CodeSignature(anchor="developer", team="KHRWM533LU", identifier="com.philandro.anydesk"),
        ),
        (
            {"anchor apple": REQUIREMENT_FAILED, "anchor apple generic": REQUIREMENT_FAILED}, TOLD,
            CodeSignature(anchor="none", team="KHRWM533LU", identifier="com.philandro.anydesk"),
        ),
        (
            {"anchor apple": BAD_SIGNATURE, "anchor apple generic": BAD_SIGNATURE},
            {"kSecCodeInfoIdentifier": b"no text"},
            CodeSignature(anchor="none"),
        ),
        ({"anchor apple": UNSIGNED}, {}, CodeSignature()),
        (
            {"anchor apple": 0}, {"kSecCodeInfoIdentifier": "x" * 2000}, CodeSignature(anchor="apple"),
        ),
    ],
    ids=["apple", "developer", "self-made", "broken", "unsigned", "endless identifier"],
)  # fmt: skip
def test_what_a_signature_says(
    security: Any, validity: dict[str, int], told: dict[str, Any], wanted: CodeSignature
) -> None:
    framework = security(Framework(validity, told))
    assert code_signature._read("/Applications/x") == wanted
    assert left(framework) == 0
    # kSecCSBasicValidateOnly and kSecCSNoNetworkAccess: no pass over the file, no request.
    assert framework.flags == {0b110 | 1 << 29}


@pytest.mark.parametrize(
    ("status", "error"), [(100_002, Missing), (-67068, Missing), (100_013, NotPermitted), (100_005, SourceBroken)]
)
def test_a_file_that_cannot_be_read_is_an_error_and_not_unsigned(
    security: Any, status: int, error: type[HostError]
) -> None:
    for framework in (Framework({}, opened=status), Framework({"anchor apple": status})):
        security(framework)
        code_signature._requirement.cache_clear()
        with pytest.raises(error):
            code_signature._read("/Applications/x")
        assert left(framework) == 0


def test_a_path_that_no_file_has_is_an_error(security: Any) -> None:
    security(Framework({}))
    with pytest.raises(SourceBroken):
        code_signature._read("")

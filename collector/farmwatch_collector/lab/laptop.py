"""A simulated laptop: keeps an identity, numbers its reports, leaves out unchanged states, signs and sends."""

import gzip
import hashlib
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
import requests
from nacl.signing import SigningKey

from farmwatch_schema import codec, signature
from farmwatch_schema.errors import FarmwatchError
from farmwatch_schema.identifiers import Keyer
from farmwatch_schema.observables import KINDS, Observable
from farmwatch_schema.report import (
    MEDIA_TYPE,
    Agent,
    Bundle,
    EnrolRequest,
    Outcome,
    Report,
    Response,
    Section,
)

REPORTS_PATH = "/v1/reports"
ENROL_PATH = "/v1/enrol"
ENROL_TRIES = 30


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What one probe of a simulated laptop finds; `found` and `none` follow from the observables."""

    observables: tuple[Observable, ...] = ()
    outcome: Outcome | None = None
    reason: str = ""


class SimulatedLaptop:
    """One laptop of a simulated fleet, speaking the public protocol.

    name      host name
    platform  `linux`, `macos` or `windows`
    looks     what its probes find, by kind
    seed      32 bytes from which its key and epoch are made, so that a fleet can be made again
    """

    def __init__(self, name: str, platform: str, looks: Mapping[str, Look], seed: bytes) -> None:
        self.name = name
        self.platform = platform
        self.looks = dict(looks)
        self.device = ""
        self.company_key = b""
        self._key = SigningKey(seed)
        self._epoch = seed.hex()[:32]
        self._keyer: Keyer | None = None
        self._sequence = 0
        self._previous = ""
        self._digests: dict[str, str] = {}

    def enrol(self, session: requests.Session, url: str, token: str) -> str:
        """Enrols through the public route and returns the device id given."""
        request = EnrolRequest(
            token=token,
            public_key=bytes(self._key.verify_key).hex(),
            platform=self.platform,
            name=self.name,
            version="0.1.0",
        )
        for _ in range(ENROL_TRIES):
            answer = session.post(
                url + ENROL_PATH, data=codec.encode(request), headers={"Content-Type": "application/json"}, timeout=30
            )
            if answer.status_code != 429:
                break
            time.sleep(1)  # the collector takes so many new laptops a second, simulated or not
        if answer.status_code != 200:
            raise FarmwatchError(f"{self.name} could not enrol: HTTP {answer.status_code}: {answer.text[:200]}")
        given = codec.decode_enrol_response(answer.content)
        self.device = given.device
        self.company_key = bytes.fromhex(given.identifier_key)
        self._keyer = Keyer(self.company_key, given.key_id)
        return self.device

    def report(self, now: datetime) -> bytes:
        """Returns the bytes of the next report; states that did not change since the last are left out.

        It was switched on before midnight of that day, and not since.
        """
        if self._keyer is None:
            raise FarmwatchError(f"{self.name} is not enrolled yet.")
        self._sequence += 1
        stamp = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        boot = hashlib.sha256(f"{self._epoch} {now:%Y-%m-%d}".encode()).hexdigest()
        report = Report(
            device=self.device,
            epoch=self._epoch,
            sequence=self._sequence,
            boot=boot[:16],
            created_at=stamp,
            uptime_seconds=3600 + now.hour * 3600 + now.minute * 60 + now.second,
            agent=Agent(version="0.1.0", platform=self.platform),
            sections=[self._section(kind, look, stamp, self._keyer) for kind, look in self.looks.items()],
            previous=self._previous,
        )
        data = codec.encode(report)
        self._previous = codec.digest_of(data)
        return data

    def send(self, session: requests.Session, url: str, reports: Sequence[bytes]) -> Response:
        """Sends one signed request; raises FarmwatchError unless every report was accepted."""
        body = gzip.compress(codec.encode(Bundle(reports=[msgspec.Raw(data) for data in reports])), mtime=0)
        headers = signature.sign(
            "POST", REPORTS_PATH, self.device, body, bytes(self._key), int(datetime.now(UTC).timestamp())
        )
        answer = session.post(
            url + REPORTS_PATH, data=body, headers={**headers, "Content-Type": MEDIA_TYPE}, timeout=30
        )
        response = codec.decode_response(answer.content)
        refused = [each for each in response.answers if each.status not in ("accepted", "duplicate")]
        if response.status != "accepted" or refused or len(response.answers) != len(reports):
            first = refused[0] if refused else response
            raise FarmwatchError(f"{self.name}: the collector answered {first.status}: {first.message}")
        return response

    def _section(self, kind: str, look: Look, stamp: str, keyer: Keyer) -> Section:
        outcome: Outcome = look.outcome or ("found" if look.observables else "none")
        if outcome != "found":
            self._digests.pop(kind, None)
            return Section(kind=kind, outcome=outcome, observed_at=stamp, reason=look.reason)
        encoded = sorted(msgspec.json.encode(item, enc_hook=keyer.hook) for item in look.observables)
        items = b"[" + b",".join(encoded) + b"]"
        if kind in KINDS and KINDS[kind].cadence == "sample":
            return Section(kind=kind, outcome=outcome, observed_at=stamp, items=msgspec.Raw(items))
        digest = codec.digest_of(items)
        unchanged = self._digests.get(kind) == digest
        self._digests[kind] = digest
        return Section(
            kind=kind,
            outcome=outcome,
            observed_at=stamp,
            digest=digest,
            items=msgspec.UNSET if unchanged else msgspec.Raw(items),
        )

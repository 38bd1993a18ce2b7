"""What a company allows: read from one YAML file, checked field by field. Format: docs/policy.md.

Pure types only; the collector reads the file (detectors import no file).
"""

from datetime import date, datetime

import msgspec

from farmwatch_schema.finding import Group


class Sanction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An exception that a named person answers for, until a day.

    tool, vpn      catalogue id of the remote tool or VPN allowed
    asset_serial   serial of an asset, plain text in the file, keyed before comparing
    asset_product  catalogue id of the IP-KVM that the asset is
    claim          these devices need not be where the roster says: somebody on assignment, with a second home
    devices        device ids it holds for; empty for every device
    owner, reason  who answers for it, and why
    until          last day it holds; null holds without end and is reported by `farmwatch policy check`
    """

    owner: str
    reason: str
    tool: str = ""
    vpn: str = ""
    asset_serial: str = ""
    asset_product: str = ""
    claim: bool = False
    devices: tuple[str, ...] = ()
    until: date | None = None

    @property
    def words(self) -> str:
        """Owner and reason, as a finding states what allows it."""
        return f"{self.owner}: {self.reason}"


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somewhere that several devices share for a good reason.

    kind          `office`, `lab`, `staging_bench` or `household`
    gateway_macs  MAC addresses of its gateways, plain text in the file, keyed before comparing
    egress        public addresses it is seen from, keyed before comparing
    devices       device ids of a household; empty elsewhere
    backhaul      its traffic leaves elsewhere, so that round-trip times measured there disprove no claim; those of an
                  office, lab or staging bench never do
    """

    name: str
    kind: str
    owner: str
    gateway_macs: tuple[str, ...] = ()
    egress: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    backhaul: bool = False
    until: date | None = None


class Cohort(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Devices with a prior of their own: `prior` is the share of farm laptops assumed among them."""

    name: str
    prior: float
    days: int = 30


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What a closed case says may be there on one device until a time; it ends by itself.

    detector, subject  of the finding that it explains
    fingerprint        of that finding's evidence, as the collector makes it
    level              the highest that was looked at: a higher one is not explained
    group              of the finding
    groups             those that counted when the case was closed: any other is new
    owner, reason      who decided it, and why
    case               the case that was closed
    """

    detector: str
    subject: str
    fingerprint: str
    level: int
    group: Group
    groups: tuple[Group, ...]
    until: datetime
    owner: str
    reason: str
    case: int


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The policy file as a whole. Missing parts allow nothing.

    prior              share of farm laptops assumed in the fleet
    cohorts            by the roster's `cohort` column: `remote_new_hire` with prior 0.001 for 30 days
    allow_viewers      outbound remote-desktop clients are never findings; kept for readers of the file
    measure            whether laptops are asked to measure round-trip times to landmarks
    unmeasured         devices that are not asked, whatever `measure` says
    """

    version: int = 1
    prior: float = 0.0001
    cohorts: tuple[Cohort, ...] = (Cohort(name="remote_new_hire", prior=0.001),)
    sanctions: tuple[Sanction, ...] = ()
    places: tuple[Place, ...] = ()
    measure: bool = True
    unmeasured: tuple[str, ...] = ()

    def measured(self, device: str) -> bool:
        """Returns whether this device is asked to measure."""
        return self.measure and device not in self.unmeasured

    def sanction_for(
        self, device: str, today: date, *, tool: str = "", vpn: str = "", claim: bool = False
    ) -> Sanction | None:
        """Returns the entry that allows this tool, VPN or absence from its claim on this device today, or None."""
        for entry in self.sanctions:
            holds = (entry.until is None or entry.until >= today) and (not entry.devices or device in entry.devices)
            same = (tool and entry.tool == tool) or (vpn and entry.vpn == vpn) or (claim and entry.claim)
            if holds and same:
                return entry
        return None


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place that records name, as the gazetteer knows it.

    place      "Seattle, WA, US"
    radius_km  within which it holds: a city's size, and what a person may live from it
    country    ISO 3166 alpha-2, upper case
    """

    place: str
    latitude: float
    longitude: float
    radius_km: float = 50.0
    country: str = ""


class RecordQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a person's records that HR should ask about; holds no personal fact itself.

    kind      `phone_shape`, `phone_country`, `address_change`, `shipped_elsewhere`, `shared_bank_account`,
              `shared_phone`, `shared_address`, `dates_contradict`
    question  to ask, one sentence, without the fact: "The address changed 3 days before the laptop was sent. Why?"
    """

    kind: str
    question: str


class RosterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What the company's records say of a device's person.

    person     id in the company's records
    cohort     `remote_new_hire`, `remote`, `office`, `help_desk` ... or ""
    start_on   first working day
    household  id shared by people who live together; "" when not stated
    claim      where the person says to work; None when not stated
    shipped_to where the laptop was sent; None when not stated
    shipped_on when it was sent
    questions  what the records themselves make one ask, found when they were imported
    checked    there were facts to compare, so that no question is an answer
    """

    person: str
    cohort: str = ""
    start_on: date | None = None
    household: str = ""
    site: str = ""
    time_zone: str = ""
    claim: Claim | None = None
    shipped_to: Claim | None = None
    shipped_on: date | None = None
    questions: tuple[RecordQuestion, ...] = ()
    checked: bool = False

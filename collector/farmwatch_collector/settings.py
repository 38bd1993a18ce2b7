"""What a collector can be told. Every value has a default that fits a first day."""

from typing import Literal

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one request and one device may cost.

    packed_bytes        of a request's body as it travels
    unpacked_bytes      of the same after gunzip
    ratio               unpacked to packed; counted only above `packed_bytes` unpacked, because a body that unpacks
                        to no more than a packed one may weigh is harmless, and a backlog of equal reports packs well
    request_seconds     for the head of a request, and again for its body
    per_minute, burst   requests of one device; 0 per minute is without limit
    plans_per_minute, plan_burst  of one device: it needs one a day
    enrolments_per_second, enrolment_burst  of all callers together
    waiting_reports     that wait for the disk before others are told to come later
    clock_seconds       how far ahead of the collector a report's own time may be
    """

    packed_bytes: int = 256 * 1024
    unpacked_bytes: int = 2 * 1024 * 1024
    ratio: int = 20
    request_seconds: float = 10.0
    per_minute: float = 12.0
    burst: int = 30
    plans_per_minute: float = 2.0
    plan_burst: int = 10
    enrolments_per_second: float = 10.0
    enrolment_burst: int = 200
    waiting_reports: int = 8192
    clock_seconds: int = 600


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a collector runs.

    host, port  where it listens; port 0 lets the system choose
    policy      path of the policy file; "" allows nothing
    roster      path of a CSV file that replaces the roster at start; "" keeps what is stored
    judging     whether this process runs the due loop, and tells of new cases
    webhook, webhook_file  address to which new cases are posted, or a file that holds it; "" for none
    webhook_secret_file    key of the signature
    webhook_ca             PEM file of more authorities for webhook and `tls://`
    cef                    file or `udp://`, `tcp://`, `tls://` target of a CEF line per new case
    console_url            address of the console in links; "" for the one listened at
    trusted_proxies        addresses and ranges whose word on a request's origin is believed, in `proxy_header`
    networks               packed network data (docs/networks.md) instead of the shipped; "" for that
    """

    host: str = "127.0.0.1"
    port: int = 8440
    policy: str = ""
    roster: str = ""
    judging: bool = True
    webhook: str = ""
    webhook_file: str = ""
    webhook_secret_file: str = ""
    webhook_ca: str = ""
    cef: str = ""
    console_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    proxy_header: Literal["x-forwarded-for", "forwarded"] = "x-forwarded-for"
    networks: str = ""
    limits: Limits = Limits()

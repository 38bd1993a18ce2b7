"""What a channel is given to deliver, and how it says that it could not."""

from datetime import datetime
from typing import Protocol

import msgspec

from farmwatch_schema.errors import FarmwatchError

from ..store.protocol_cases import NoticeBody


class DeliveryError(FarmwatchError):
    """The receiver did not take a notice; str() says why in one sentence without secrets. It is tried again."""


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """One notice for one receiver.

    name  the same at every attempt
    link  address of the case's page; "" when the console's address is not known
    at    this attempt's time
    """

    name: str
    body: NoticeBody
    link: str
    at: datetime


class Channel(Protocol):
    """A receiver."""

    def deliver(self, telling: Telling) -> None:
        """Returns once the receiver has taken it, as far as its protocol can tell; raises DeliveryError."""
        ...

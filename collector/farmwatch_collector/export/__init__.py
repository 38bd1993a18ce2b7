"""How others are told: a signed webhook and a CEF line per new case. Nothing here judges or changes anything."""

from .channels import Channels, channels_of
from .courier import Courier

__all__ = ["Channels", "Courier", "channels_of"]

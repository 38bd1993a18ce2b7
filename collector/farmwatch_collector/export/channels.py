"""Which channels a collector's settings name."""

from ..settings import Settings
from .syslog import CefChannel, target_of
from .telling import Channel
from .webhook import WebhookChannel, WebhookError, secret_from

Channels = dict[str, Channel]
_MOST_ADDRESS = 4096


def channels_of(settings: Settings) -> Channels:
    """Returns the channels by name, `webhook` and `cef`. Raises an error that names the option to change."""
    found: Channels = {}
    url = settings.webhook or _address(settings.webhook_file)
    if url:
        if not settings.webhook_secret_file:
            raise WebhookError("A webhook needs --webhook-secret-file FILE: its receiver must know who speaks.")
        found["webhook"] = WebhookChannel(url, secret_from(settings.webhook_secret_file), settings.webhook_ca)
    elif settings.webhook_secret_file:
        raise WebhookError("--webhook-secret-file signs nothing without --webhook URL or --webhook-file FILE.")
    if settings.cef:
        found["cef"] = CefChannel(target_of(settings.cef), settings.webhook_ca)
    return found


def _address(path: str) -> str:
    if not path:
        return ""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_MOST_ADDRESS).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WebhookError(f"--webhook-file {path} cannot be read ({type(error).__name__}).") from error

"""What a phone number is, by numbering plans offline: Google's libphonenumber data, as `phonenumbers` ships them.

How a number is written says nothing: spaces, brackets, a 00 or a missing + are nobody's fault. Only what it is counts.
"""

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

#: Numbers that are no person's line. Internet telephony is told only where a country numbers it apart (not in the US).
_KINDS = {
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium",
    PhoneNumberType.SHARED_COST: "premium",
    PhoneNumberType.UAN: "company",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.VOICEMAIL: "pager",
}


def parsed(text: str, country: str) -> PhoneNumber | None:
    """Returns a number; one without a country's prefix is read as of `country`. None when it is none at all."""
    international = text.strip().removeprefix("(").lstrip().startswith(("+", "00"))
    if not country and not international:
        return None
    if international and not text.strip().startswith("+"):
        text = "+" + text.strip().lstrip("(").lstrip()[2:] if "00" in text[:4] else text
    try:
        return phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None


def canonical(text: str, number: PhoneNumber | None) -> str:
    """Returns what equal numbers have in common, however they are written: E.164, else their digits."""
    if number is None:
        return "".join(sign for sign in text if sign.isdigit())
    return f"+{number.country_code}{phonenumbers.national_significant_number(number)}"


def readable(text: str, country: str) -> bool:
    """Whether it can be told what the number is: it names its country, or the person's is known."""
    return bool(country) or text.strip().lstrip("(").startswith(("+", "00"))


def kind_of(number: PhoneNumber | None) -> str:
    """Returns `invalid`, `voip`, `toll_free`, `premium`, `company` or `pager`; "" for an ordinary line."""
    # A number is valid when it has a type: asking for both would look at every pattern twice.
    kind = PhoneNumberType.UNKNOWN if number is None else phonenumbers.number_type(number)
    return "invalid" if kind == PhoneNumberType.UNKNOWN else _KINDS.get(kind, "")


def same_country(number: PhoneNumber, country: str) -> bool:
    """Whether a number may be one of a country's: countries that share a prefix are not told apart."""
    return not country or country in phonenumbers.region_codes_for_country_code(number.country_code or 0)

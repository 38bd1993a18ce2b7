"""The figures of `farmwatch bench farms` as one HTML page that needs nothing else."""

from collections.abc import Mapping

from jinja2 import Environment, PackageLoader, StrictUndefined

from .farms_results import FarmDocument
from .farms_running import missed_in
from .farms_text import VARIANT_WORDS
from .plots import early_plot, recall_plot
from .text import PARTS, verdict


def page_of(document: FarmDocument) -> str:
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
    environment.filters["verdict"] = verdict
    environment.filters["bits"] = _bits
    return environment.get_template("farms.html").render(
        document=document,
        results=results,
        part=PARTS[results.part],
        missed=missed_in(results),
        words=VARIANT_WORDS,
        recall_plot=recall_plot,
        early_plot=early_plot,
    )


def _bits(bars: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {bits:+.1f}" for key, bits in bars.items() if abs(bits) >= 0.05) or "-"

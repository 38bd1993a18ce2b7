"""The folder of public dumps that tests may use: `FARMWATCH_CORPUS`. The reader is the lab's."""

import os
from pathlib import Path

import pytest

from farmwatch_collector.lab.corpus import is_corpus

FOLDER = Path(os.environ.get("FARMWATCH_CORPUS", "") or "/nonexistent")
needs_corpus = pytest.mark.skipif(
    not is_corpus(FOLDER),
    reason="FARMWATCH_CORPUS names no folder with usb_dumps/ and edid/; public dumps are not part of the project",
)

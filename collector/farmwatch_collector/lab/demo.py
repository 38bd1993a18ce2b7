"""The demo: a real collector, this machine really probed, a simulated fleet, and nothing left behind."""

import argparse
import csv
import hashlib
import json
import logging
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests

from farmwatch_schema.errors import FarmwatchError

from ..app import App, create_app
from ..place.making import places_of
from ..policy_file import parse_policy
from ..roster_file import read_roster
from ..serving import Serving
from ..settings import Settings
from ..store import Store, open_store
from .fleet import POLICY, Person, people
from .table import FarmRow, Row, document, row, text

PROBE_SECONDS = 120
JUDGE_SECONDS = 120
FARM_SECONDS = 20


class Demo:
    """One run of the demo. `options` are those of the verb: once, json, without_farm, port, seed."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._now = datetime.now(UTC)
        self._fleet: dict[str, Person] = {}
        self._this_machine = ""

    def run(self) -> int:
        """Prints the table and, unless it runs once, serves the console until Ctrl-C."""
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
        once = self._options.once or self._options.json
        with (
            _terminated_as_interrupted(),
            _throw_away_folder() as folder,
            self._collector(folder) as (app, serving, store),
        ):
            token = secrets.token_urlsafe(24)
            store.add_token(hashlib.sha256(token.encode()).hexdigest(), "demo", 100, self._now + timedelta(hours=1))
            _tell("probing this machine ...")
            self._this_machine = self._probe(folder, serving.url, token, store)
            _tell("enrolling a simulated fleet and sending its reports ...")
            self._simulate(serving.url, token)
            store.set_roster(read_roster(str(self._records(folder))))
            _tell("judging ...")
            rows = self._judged(store)
            farms = self._farms(store)
            if self._options.json:
                print(json.dumps(document(rows, farms), indent=1))
            else:
                width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
                print(text(rows, farms, width), flush=True)
            if not once:
                self._serve(app, serving)
        _tell("everything of the demo is gone again.")
        return 0

    @contextmanager
    def _collector(self, folder: Path) -> Iterator[tuple[App, Serving, Store]]:
        store = open_store(f"sqlite:///{folder}/farmwatch.db")
        try:
            policy, _ = parse_policy(POLICY, "the demo's policy", self._now.date())
            settings = Settings(port=self._options.port)
            app = create_app(settings, store, policy, places=places_of())
            serving = Serving(app, settings)
            serving.start()
            try:
                yield app, serving, store
            finally:
                serving.stop()
        finally:
            store.close()

    def _probe(self, folder: Path, url: str, token: str, store: Store) -> str:
        """Enrols and probes this machine with the agent's own commands; returns its device id."""
        file = folder / "token"
        file.write_text(token, encoding="utf-8")
        file.chmod(0o600)
        agent = [sys.executable, "-m", "farmwatch_agent.cli"]
        common = ["--state-dir", str(folder / "agent")]
        for words in (["enrol", "--url", url, "--token-file", str(file)], ["run", "--once"]):
            done = subprocess.run(
                [*agent, *words, *common], capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
            )
            if done.returncode != 0:
                raise FarmwatchError(f"farmwatch-agent {words[0]} ended with {done.returncode}: {done.stderr.strip()}")
        enrolled = [device.device for device in store.devices()]
        if len(enrolled) != 1:
            raise FarmwatchError("this machine's agent did not enrol; run `farmwatch-agent doctor`.")
        return enrolled[0]

    def _simulate(self, url: str, token: str) -> None:
        with requests.Session() as session:
            session.trust_env = False  # a system proxy has no business between two ends of one machine
            for person in people(self._now.date(), self._options.seed, farm=not self._options.without_farm):
                laptop = person.laptop(self._options.seed)
                self._fleet[laptop.enrol(session, url, token)] = person
                laptop.send(session, url, person.reports(laptop, datetime.now(UTC)))

    def _records(self, folder: Path) -> Path:
        """Writes what the company knows of the simulated people, as its own records would come."""
        path = folder / "roster.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("person", "device", "cohort", "start_on", "household", "site", "claimed_place"))
            for device, person in self._fleet.items():
                name = f"person-{person.number:03}"
                claimed = person.home.place if person.home else ""
                writer.writerow((name, device, person.cohort, person.start_on, person.household, person.site, claimed))
        return path

    def _judged(self, store: Store) -> list[Row]:
        """Returns the rows by points, once every device was judged with all its ties."""
        everything = len(self._fleet) + 1
        # Roster and ties came in while the first devices were judged already: all are judged once more.
        store.set_due([*self._fleet, self._this_machine], datetime.now(UTC))
        started = datetime.now(UTC)
        deadline = time.monotonic() + JUDGE_SECONDS
        while time.monotonic() < deadline:
            found = store.rows(limit=everything)
            due = store.next_due()
            fresh = [each for each in found if each.assessment is not None and each.assessment.at >= started]
            if len(fresh) == everything and (due is None or due > datetime.now(UTC)):
                return [self._row(each.device.device, store) for each in found]
            time.sleep(0.2)
        raise FarmwatchError(f"only {len(fresh)} of {everything} devices were judged in {JUDGE_SECONDS} s.")

    def _farms(self, store: Store) -> list[FarmRow]:
        """Returns the farms that the collector found; it looks for them right after the devices were judged."""
        deadline = time.monotonic() + FARM_SECONDS
        while not (found := store.farms()) and not self._options.without_farm and time.monotonic() < deadline:
            time.sleep(0.2)
        names = {each.device.device: each.device.name for each in store.rows(limit=len(self._fleet) + 1)}
        return [
            FarmRow(
                id=each.id,
                attention=each.odds.attention,
                points=each.odds.points,
                probability=each.odds.probability,
                members=tuple(sorted(names.get(one.member.device, "") for one in each.members if not one.left_at)),
                sentence=each.odds.sentence,
                case=each.case,
            )
            for each in found
        ]

    def _row(self, device: str, store: Store) -> Row:
        found = store.device(device)
        if found is None:
            raise FarmwatchError(f"device {device} vanished from the store.")
        person = self._fleet.get(device)
        if person is None:
            return row(found, "this machine")
        return row(found, "simulated", person.oddity, person.farm)

    def _serve(self, app: App, serving: Serving) -> None:
        """Tells where the console is and waits; Ctrl-C is how the demo is meant to end, from its first word on."""
        with suppress(KeyboardInterrupt):
            print(f"\nconsole  {serving.url}", flush=True)
            print(f"sign in  {app.sessions.new_link(serving.url)}   (one sign-in, within ten minutes)", flush=True)
            _tell("Ctrl-C ends the demo; nothing of it stays.")
            while True:
                # In short steps: a signal that comes just before an endless wait begins would not end it.
                time.sleep(0.2)


def _tell(line: str) -> None:
    print(f"farmwatch demo: {line}", file=sys.stderr, flush=True)


@contextmanager
def _throw_away_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="farmwatch-demo-", ignore_cleanup_errors=False) as folder:
        yield Path(folder)


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Makes SIGTERM end the demo as Ctrl-C does: folders are removed and threads joined."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

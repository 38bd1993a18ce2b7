"""`farmwatch demo`: the main job on embedded defaults, leaving nothing behind."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's options."""
    parser.add_argument("--once", action="store_true", help="print the table and end")
    parser.add_argument("--json", action="store_true", help="one JSON document, then end")
    parser.add_argument("--without-farm", action="store_true", help="leave the farm out of the simulated fleet")
    parser.add_argument("--port", type=int, default=0, help="the console's port; 0 lets the system choose")
    parser.add_argument("--seed", type=int, default=1, help="another number makes another fleet")


def run(options: argparse.Namespace) -> int:
    """Runs the demo until Ctrl-C, or once."""
    from ..lab.demo import Demo  # noqa: PLC0415 - other verbs must not pay for the service's imports

    return Demo(options).run()

"""What `bench-place` measured: rates with their intervals and bars, errors, and what a verdict costs."""

import msgspec

from .stats import wilson

VERSION = 1


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How often something happened, with the 95 % interval of Wilson.

    setting  which hosts, on which access, with how many landmarks
    what     `false positives`, `impossible though true`, `1,000 km` (false claims found) ...
    hits, n  n counts a host once a seed, and each of its false claims
    bar      None where nothing is promised; met: by the share itself, None without a bar
    """

    setting: str
    what: str
    hits: int
    n: int
    share: float
    low: float
    high: float
    bar: float | None = None
    met: bool | None = None


def share(setting: str, what: str, hits: int, n: int, bar: float | None = None, *, most: bool = False) -> Share:
    """Returns the share; `most`: the bar is an upper one."""
    low, high = wilson(hits, n)
    part = hits / n if n else 0.0
    met = None if bar is None or not n else (part <= bar if most else part >= bar)
    return Share(setting=setting, what=what, hits=hits, n=n, share=part, low=low, high=high, bar=bar, met=met)


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """Median error of the estimate and of the guess "beside the landmark that answers fastest", km.

    estimate_90_km, nearest_landmark_90_km  nine of ten err less
    within_radius  share of true places within the stated radius
    beyond_light   estimates that light cannot reach in the times, of n
    """

    setting: str
    n: int
    estimate_km: float
    nearest_landmark_km: float
    within_radius: float
    estimate_90_km: float
    nearest_landmark_90_km: float
    beyond_light: int


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Of a setting's false claims at a distance, how many were found."""

    setting: str
    km: int
    hits: int
    n: int


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """CPU of one verdict: median, and of a batch; `minutes_100000` is the batch's rate for 100,000 devices."""

    landmarks: int
    verdicts: int
    median_ms: float
    mean_ms: float
    minutes_100000: float


class PlaceReport(msgspec.Struct, frozen=True, kw_only=True):
    """The measurement of a folder.

    seeds     of the splits; hosts: of the mesh and of access networks; calibrating: mesh hosts in each half
    missing   files that were not there; dropped: what was left out, and why
    shares    every rate; located; points: detection by distance
    small     false positives by number of calibrating hosts
    regions   calibrated without a region, tested in it
    costs     CPU
    """

    version: int
    seeds: tuple[int, ...]
    mesh_hosts: int
    landmarks: int
    access_hosts: int
    missing: tuple[str, ...]
    dropped: dict[str, int]
    shares: tuple[Share, ...]
    located: tuple[Located, ...]
    points: tuple[Point, ...]
    small: tuple[Share, ...]
    regions: tuple[Share, ...]
    costs: tuple[Cost, ...]

    @property
    def ok(self) -> bool:
        """Some bar was judged, and none was missed."""
        judged = [each.met for each in self.shares if each.met is not None]
        return bool(judged) and all(judged)

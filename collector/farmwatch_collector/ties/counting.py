"""How many devices have a value that so many share: kept as values come and go, so that rarity costs no count anew."""

from .holdings import Holdings
from .index import CROWD
from .rarity import ALONE, CROWDED, EXPLAINED, Rarity, bucket
from .relations import Relations
from .types import Worth

#: So many nodes wait at most: then they are counted at once, or a rebuild would remember all of them.
_WAITING = 20_000

_Counted = tuple[str, str, bool, int, int]
"""kind, stratum, soft, bucket, devices"""


class Counting:
    """Counts nodes by bucket of unrelated holders; places and relations as they are, whatever their last day.

    Nodes are counted when somebody asks: one that ten devices joined since is counted once.
    """

    def __init__(self, holdings: Holdings, relations: Relations) -> None:
        self._holdings, self._relations = holdings, relations
        self._rarity = Rarity()
        self._counted: list[_Counted | None] = []
        self._same: dict[_Counted, _Counted] = {}

    def eased(self) -> None:
        """Counts what waits, if that has become much."""
        if len(self._holdings.index.dirty) > _WAITING:
            self.count()

    def count(self) -> None:
        """Counts what changed since."""
        dirty = self._holdings.index.dirty
        while dirty:
            self._recount(dirty.pop())

    def _recount(self, node: int) -> None:
        while len(self._counted) <= node:
            self._counted.extend([None] * 1024)
        before, now = self._counted[node], self._now(node)
        if before == now:
            return
        if before is not None:
            kind, stratum, soft, place, devices = before
            self._rarity.add(kind, stratum, place, -devices, soft=soft)
        if now is not None:
            kind, stratum, soft, place, devices = now
            self._rarity.add(kind, stratum, place, devices, soft=soft)
            # Nearly all nodes are one device's, in a few thousand strata: they have their line in common.
            now = self._same.setdefault(now, now) if devices == 1 else now
        self._counted[node] = now

    def _now(self, node: int) -> _Counted | None:
        index = self._holdings.index
        count = index.count(node)
        if not index.exists(node) or not count:
            return None
        kind, value = index.key(node)
        seen = self._holdings.seen_by(node, self.first(node))
        if self._relations.place(kind, value, None) is not None:
            place = EXPLAINED
        elif count == 1:
            place = ALONE
        elif count > CROWD:
            place = CROWDED
        else:
            place = bucket(self._relations.groups((index.names[each] for each in index.now(node)), None))
        return kind, seen.stratum, seen.soft, place, count

    def first(self, node: int) -> int:
        """Returns the holder whose word is taken for what a value is called: the first by id; of a crowd, of those who
        stand for it."""
        index = self._holdings.index
        if index.count(node) > CROWD:
            return index.sample(node)[0]
        return min(index.now(node), key=index.names.__getitem__)

    def worth(self, kind: str, value: bytes, stratum: str, size: int, *, crowd: bool, soft: bool) -> Worth:
        """Returns what it is worth that so many unrelated devices share a value, its own holders left out."""
        self.count()
        node = self._holdings.index.find(kind, value)
        own = self._counted[node] if 0 <= node < len(self._counted) else None
        if own is None or own[:3] != (kind, stratum, soft):
            own = (kind, stratum, soft, ALONE, 0)
        return self._rarity.worth(kind, stratum, size, own=own[4], own_place=own[3], crowd=crowd, soft=soft)

    def counts(self) -> dict[tuple[str, str, bool], tuple[int, ...]]:
        """Returns devices by kind, stratum and softness, per bucket."""
        self.count()
        return self._rarity.counts()

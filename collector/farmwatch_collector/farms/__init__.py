"""Farms: devices tied by shared physical things, judged as a thing of its own.

    types.py      what is known of a candidate, its odds, a farm that is kept, an analyst's word on one
    gathering.py  which devices belong together, out of the value nodes around them
    facts.py      what is known of a candidate, put together for its odds
    odds.py       from facts to log-odds, bar by bar; table: odds.toml
    activity.py   whether one operator switches between laptops
    identity.py   which farm of yesterday a candidate of today is; merges and splits
    watch.py      all of it, kept up to date as reports arrive

`ties` beside this package knows who shares what; nothing here reads a report.
"""

"""What devices hold in common: the values, since when each device has had them, and how rare they are in this fleet.

    types.py    what a value is, and a device's memory of one
    kinds.py    the kinds of tie, and how each is read from a report
    memory.py   what a device has held, day by day
    index.py    one node per value, and who holds it
    rarity.py   what a shared value is worth, measured in this fleet

`fleet.py` beside this package puts them together; nothing else does.
"""

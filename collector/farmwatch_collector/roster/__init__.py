"""The roster: who has which laptop, where that person says to be, and what the records themselves make one ask.

    columns.py     the columns of the file, and those that are refused
    record.py      a person's facts, and the small languages of the cells that hold several
    reading.py     the file, row by row, all of it or nothing
    serials.py     a laptop by the serial on its lid: `serial:<digest>` in place of a device id
    checks.py      from a person's facts to questions that HR should ask
    phones.py      what a phone number is, by its shape
    importing.py   what an import would change, and the import
    cohorts.py     questions by the week in which people joined

Personal facts lie in a table of their own and come back only for `farmwatch roster show`. docs/roster.md.
"""

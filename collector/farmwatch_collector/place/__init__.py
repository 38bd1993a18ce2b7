"""Where a laptop can and cannot be: landmarks, gazetteer, networks, and the claim test on round-trip times.

    types.py        Landmark, Observation: what the parts hand each other
    geometry.py     great circles
    gazetteer.py    cities by name and by place (data/cities.csv, GeoNames)
    continents.py   coarse parts of the world
    landmarks.py    the shipped list (data/landmarks.csv) and a company's own
    planning.py     which landmarks a device measures
    quarantine.py   landmarks that the fleet's own times disprove
    rounds.py       from samples to one day's observations
    claim_test.py   from observations and a claim to a verdict
    estimate.py     where the times put the laptop
    calibration.py  thresholds, from claims known to be true (data/calibration.json)
    placing.py      several days together, for detectors
    networks.py     what kind of network an address belongs to

All of it speaks of where the network path ends. It disproves a place or does not; it never proves one.
"""

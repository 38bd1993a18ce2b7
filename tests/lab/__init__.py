"""The delay lab: places that lie milliseconds apart, on one machine. docs/delay-lab.md tells how to use it.

    geography.py   how long a way takes, from published measurements, never from the claim test's own model
    packets.py     IP packets: who, where to, limits, and the few answers that a router gives itself
    router.py      a process that holds each packet as long as its way takes (one tun device a site)
    sites.py       namespaces with addresses, and programs in them
    servers.py     a process of landmarks, and one that answers connects in their place
    tunnel.py      a WireGuard tunnel from a site to an exit
    lab.py         all of it together, torn down whatever happens

Needs root on Linux, iproute2 and /dev/net/tun. No packet leaves the lab: its namespaces have no other interface.
"""

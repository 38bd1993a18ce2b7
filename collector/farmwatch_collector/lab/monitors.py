"""EDIDs of simulated monitors: two published ones byte for byte, the rest built from a few facts.

Built EDIDs follow VESA E-EDID 1.4: header, ids, size, one detailed timing, descriptors, checksum.
"""

from farmwatch_schema.formats import edid as edid_format
from farmwatch_schema.identifiers import unkeyed
from farmwatch_schema.observables.displays import Display

#: pikvm/kvmd:configs/kvmd/edid/v4plus.hex@f14596e823fce502811bc2f7e2bdbefaf1c0430a
PIKVM_V4_PLUS = bytes.fromhex(
    "00ffffffffffff0031d8737701010101231a010380351e780e0565a756529c270f50543fed00b300a9c0950090408180"
    "814081c0714f023a801871382d40582c45000f282100001e000000ff0043414645424142452020202020000000fd0032"
    "4b0f5211000a202020202020000000fc0050694b564d20563420506c7573012d020320714b90041f13223e213d203c01"
    "67030c001000802d23097f0783010000023a801871382d40582c45000f282100001e011d007251d01e206e2855000f28"
    "2100001e023a80d072382d40102c45800f282100001e283c80a070b023403020360006442100001a0000000000000000"
    "00000000000000000000000000000030"
)

#: The Dell D2721H that JetKVM offers as a preset, with its one fixed serial:
#: jetkvm/kvm:ui/src/routes/devices.$id.settings.video.tsx@bde0a086ab6c33e4b3d05614da8ff0476e1887da
JETKVM_DELL_PRESET = bytes.fromhex(
    "00ffffffffffff0010ac132045393639201e0103803c22782acd25a3574b9f270d5054a54b00714f8180a9c0d1c00101"
    "010101010101023a801871382d40582c450056502100001e000000ff0033533547513233"
    "0a2020202020000000fc0044454c4c204432373231480a20000000fd00384c1e5311000a2020202020200181"
    "02031ab14f90050403020716010611121513141f65030c001000023a801871382d40582c450056502100001e011d8018"
    "711c1620582c250056502100009e011d007251d01e206e28550056502100001e8c0ad08a20e02d10103e960056502100"
    "001800000000000000000000000000000000000000000000000000000000004f"
)

#: 1920x1080 at 60 Hz, CEA-861 timing 16: 148.5 MHz, as a detailed timing descriptor without the image size.
_FULL_HD = bytes.fromhex("023a801871382d40582c4500")


def built(manufacturer: str, product: int, name: str, serial: str, width_cm: int, height_cm: int, year: int) -> bytes:
    """Returns a valid 128-byte EDID of an invented unit of a 1080p monitor."""
    letters = 0
    for letter in manufacturer:
        letters = letters << 5 | ord(letter) - 64
    width, height = width_cm * 10, height_cm * 10
    timing = _FULL_HD + bytes((width & 255, height & 255, width >> 8 << 4 | height >> 8, 0, 0, 0x1E))
    number = sum(serial.encode()) * 40503 & 0xFFFFFFFF
    block = (
        b"\x00\xff\xff\xff\xff\xff\xff\x00"
        + letters.to_bytes(2, "big")
        + product.to_bytes(2, "little")
        + number.to_bytes(4, "little")
        + bytes((10, year - 1990, 1, 4, 0xA5, width_cm, height_cm, 0x78, 0x3A))
        + bytes.fromhex("ee95a3544c99260f5054a54b00")
        + b"\x01\x01" * 8
        + timing
        + b"\x00\x00\x00\xff\x00"
        + serial.encode()[:13].ljust(13, b"\x20")
        + b"\x00\x00\x00\xfc\x00"
        + name.encode()[:13].ljust(13, b"\x20")
        + b"\x00\x00\x00\x10\x00"
        + b"\x00" * 13
        + b"\x00"
    )
    return block + bytes((-sum(block) & 255,))


def with_serial(data: bytes, serial: str) -> bytes:
    """Returns an EDID whose owner gave it a serial of its own, as kvmd-edidconf does: descriptor 0xFF, checksum."""
    block = bytearray(data[:128])
    at = block.index(b"\x00\x00\x00\xff\x00") + 5
    block[at : at + 13] = serial.encode()[:13].ljust(13, b"\x20")
    block[127] = -sum(block[:127]) & 255
    return bytes(block) + data[128:]


def display(connector: str, data: bytes, internal: bool = False, mode: str = "1920x1080") -> Display:
    """Returns what a laptop reports of a monitor with these EDID bytes."""
    facts = edid_format.parse(data)
    return Display(
        connector=connector,
        internal=internal,
        active_mode=mode,
        edid_digest=facts.digest,
        base_digest=facts.base_digest,
        edid=edid_format.zeroed(data).hex(),
        manufacturer=facts.manufacturer,
        product=facts.product,
        name=facts.name,
        serial_number=unkeyed("edid_serial", f"0x{facts.serial_number:08x}") if facts.serial_number else None,
        serial=unkeyed("edid_serial", facts.serial) if facts.serial else None,
        week=facts.week,
        year=facts.year,
        size_cm=facts.size_cm,
    )

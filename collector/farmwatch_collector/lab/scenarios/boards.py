"""Programmable boards that type: macro pads as people build or buy them.

An Arduino Leonardo with its Keyboard library: ids from arduino/ArduinoCore-avr:boards.txt, interface and endpoint from
libraries/HID/src/HID.cpp (both @11b9130371e8447920edb65a75706a6c951e51fc), report from
arduino-libraries/Keyboard:src/Keyboard.cpp@073b5c80486fe4cb7fc6a8afce61dbc1d7a938e3. Looked up 2026-11-22.
"""

from farmwatch_schema.observables.usb import UsbDevice, UsbEndpoint, UsbInterface

#: Report 2: modifiers, five lamps, six keys of 0 to 115.
_KEYBOARD = (
    "05010906a1018502050719e029e71500250175019508810295017508810395057501050819012905910295017503910195067508"
    "150025730507190029738100c0"
)  # fmt: skip


def macro_pad(port: str) -> UsbDevice:
    """Returns an Arduino Leonardo that somebody wired twelve keys to; it has a serial port beside its keyboard."""
    return UsbDevice(
        vendor_id="2341", product_id="8036", manufacturer="Arduino LLC", product="Arduino Leonardo",
        bcd_device="0100", bcd_usb="0200", device_class="ef/02/01", speed_mbps=12, max_packet_size0=64, port_path=port,
        interfaces=(
            UsbInterface(number=0, class_triple="02/02/00", driver="cdc_acm"),
            UsbInterface(number=1, class_triple="0a/00/00", driver="cdc_acm"),
            UsbInterface(
                number=2, class_triple="03/00/00", bcd_hid="0101", report_descriptor=_KEYBOARD, driver="usbhid",
                endpoints=(UsbEndpoint(address=0x84, transfer="interrupt", max_packet_size=64, interval=1),),
            ),
        ),
    )  # fmt: skip

"""UUIDs that every machine has: they name classes, interfaces and properties, and stay as they are in captures.

Probes ask for keys and devices by them, so a capture in which they were invented anew would answer no question.
Sources: learn.microsoft.com, "System-Defined Device Setup Classes" and "System-Defined Device Interface Classes";
devpkey.h; the Bluetooth Core specification (its base UUID); Linux, drivers/misc/mei.
"""

#: Their tails: device setup classes of Windows; services of Bluetooth; what Windows gives to whatever is built in.
_TAILS = (
    "-e325-11ce-bfc1-08002be10318",
    "-0000-1000-8000-00805f9b34fb",
    "-0000-0000-ffff-ffffffffffff",
    "-0000-0000-0000-000000000000",
)
_WHOLE = frozenset(
    {
        # setup classes: Bluetooth, camera, image, HID, USB
        *("e0cbf06c-cd8b-4647-bb8a-263b43f0f974", "ca3e7ab9-b4c3-4ae6-8251-579ef933890f"),
        *("6bdd1fc6-810f-11d0-bec7-08002be2092f", "745a17a0-74d3-11d0-b6fe-00a0c90f57da"),
        *("36fc9e60-c465-11cf-8056-444553540000", "88bae032-5a81-49f0-bc3d-a4ff138216d6"),
        # audio endpoints, virtual cameras
        *("c166523c-fe0c-4a94-a586-f1a80cfbbf3e", "860bb310-5d01-11d0-bd3b-00a0c911ce86"),
        # interfaces: USB device, monitor, HID, keyboard, mouse, network, Bluetooth, battery, hub
        *("a5dcbf10-6530-11d2-901f-00c04fb951ed", "e6f07b5f-ee97-4a90-b076-33f57bf4eaa7"),
        *("4d1e55b2-f16f-11cf-88cb-001111000030", "884b96c3-56ef-11d1-bc8c-00a0c91405dd"),
        *("378de44c-56ef-11d1-bc8c-00a0c91405dd", "cac88484-7515-4c03-82e6-71a87abac361"),
        *("0850302a-b344-4fda-9be9-90576b8d46f0", "72631e54-78a4-11d0-bcf7-00aa00b7b32a"),
        "f18a0e88-c30c-11d0-8815-00a0c906bed8",
        # categories of device properties
        *("a45c254e-df1c-4efd-8020-67d146a850e0", "83da6326-97a6-4088-9453-a1923f573b29"),
        *("540b947e-8b40-45bc-a8a2-6a0b894cbda2", "4340a6c5-93fa-4706-972c-7b648008a5a7"),
        "8c7ed206-3f8a-4827-b3ab-ae9e1faefc6c",
        # Wi-Fi Direct's bus; network adapter on the VMBus
        *("5d624f94-8850-40c3-a3fa-a4fd2080baf3", "f8615163-df3e-46c5-913f-f2d2f965ed0e"),
        # Intel AMT's client of the management engine
        "12f80028-b4b7-4b2d-aca8-46e0ff65814c",
    }
)


def is_published(uuid: str) -> bool:
    """Whether a UUID is every machine's, and so tells nothing of this one."""
    plain = uuid.lower()
    return plain in _WHOLE or plain.endswith(_TAILS)

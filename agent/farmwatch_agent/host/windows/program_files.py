"""A program's file: who signed it, what its maker says it is; and who may replace it."""

import ntpath
from typing import ClassVar

from ..protocol import HostError, Missing, NotPermitted, NotSupported
from ..row import Row


class ProgramFile(Row, frozen=True, kw_only=True, omit_defaults=True):
    """What one executable is; `of` is its path.

    signer          name in the certificate; "" when nobody signed it, null when that could not be told
    original_name   of the version resource, else its internal name, else its product's; null when there is none or it
                    cannot be read
    company, product  of the version resource, "" when it has none
    """

    table: ClassVar[str] = "windows_program_file"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    signer: str | None = None
    original_name: str | None = None
    company: str = ""
    product: str = ""

    @classmethod
    def live(cls, of: str) -> "list[ProgramFile]":
        from . import versions  # noqa: PLC0415 (loads ctypes)

        if not ntpath.isabs(of):
            raise Missing(f"{of}: is no whole path")
        try:
            said = versions.parse(versions.read(of))
        except (NotPermitted, NotSupported):
            said = {}
        return [
            cls(
                signer=_signer(of),
                original_name=name_in(said),
                company=said.get("companyname", ""),
                product=said.get("productname", ""),
            )
        ]


def name_in(said: dict[str, str]) -> str | None:
    """Returns what a version resource calls the program.

    AnyDesk's has no original file name, as Sysmon's events show ("OriginalFileName: -", Product AnyDesk, 7.0.10).
    """
    name = said.get("originalfilename") or said.get("internalname") or said.get("productname")
    # Windows's own programs keep texts of each language in a file beside them, NAME.mui.
    return name.removesuffix(".mui").removesuffix(".MUI") if name else None


class FileRights(Row, frozen=True, kw_only=True, omit_defaults=True):
    """Whether an ordinary user may replace a file, by the access lists of it and of its folder; `of` is its path."""

    table: ClassVar[str] = "windows_file_rights"
    platforms: ClassVar[tuple[str, ...]] = ("windows",)

    user_writable: bool

    @classmethod
    def live(cls, of: str) -> "list[FileRights]":
        from . import access  # noqa: PLC0415 (loads ctypes)

        if not ntpath.isabs(of):
            raise Missing(f"{of}: is no whole path")
        folder = ntpath.dirname(of)
        writable = access.may_users_write(of, folder=False) or access.may_users_write(folder, folder=True)
        return [cls(user_writable=writable)]


def _signer(path: str) -> str | None:
    import msvcrt  # noqa: PLC0415 (of Windows)
    import os  # noqa: PLC0415

    from . import trust  # noqa: PLC0415

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_BINARY | os.O_NOINHERIT)  # type: ignore[attr-defined,unused-ignore]
    except (OSError, ValueError):
        return None
    try:
        return trust.signer_of(path, msvcrt.get_osfhandle(descriptor))  # type: ignore[attr-defined,unused-ignore]
    except (HostError, OSError, AttributeError):
        return None
    finally:
        os.close(descriptor)

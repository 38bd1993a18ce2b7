"""The commands that are run on a Mac, all of them: name, program, arguments, limits. No shell, no input.

Each belongs to one probe (in the order of `probes.NAMES`); sources are the commands' manual pages. A probe asks
`Host.command(name)`, and knows nothing of programs and arguments.
"""

from ..command import Command

COMMANDS: dict[str, Command] = {
    # runner: new with each boot (sysctl(8); xnu bsd/kern/kern_sysctl.c, kern.bootsessionuuid)
    "boot_session": Command(program="/usr/sbin/sysctl", arguments=("-n", "kern.bootsessionuuid"), limit=1 << 10),
}

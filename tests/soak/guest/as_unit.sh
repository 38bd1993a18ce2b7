#!/bin/sh
# Runs in the guest: a command as one of the units would run it: as_unit.sh read|send COMMAND. Output goes to ours.
set -eu
unit=/etc/systemd/system/as-$1.service
sed -e "s|^ExecStart=.*|ExecStart=$2|" -e '/^Restart/d' -e '/^Type=/d' -e '/^Condition/d' -e '/^CPUQuota=/d' \
    -e '/^SuccessExitStatus=/d' -e 's|^\[Service\]|[Service]\nType=oneshot\nStandardOutput=truncate:/run/as-unit.out\nStandardError=truncate:/run/as-unit.err|' \
    "/opt/farmwatch/packaging/systemd/farmwatch-agent-$1.service" >"$unit"
systemctl daemon-reload
code=0
systemctl start "as-$1.service" 2>/dev/null || code=$?
cat /run/as-unit.out
cat /run/as-unit.err >&2
exit "$code"

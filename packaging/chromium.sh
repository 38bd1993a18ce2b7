#!/bin/sh
# Chromium for the browser tests: in CI it is installed when absent; elsewhere those tests say why they skip.
set -eu
command -v chromium >/dev/null 2>&1 && exit 0
if [ -n "${CI:-}" ] && command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium strace >/dev/null
else
    echo "farmwatch: no chromium here, the browser tests will be skipped. On Debian: apt-get install chromium" >&2
fi

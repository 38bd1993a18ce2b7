#!/bin/sh
# What `make assets` makes, for the tests that want it: in CI it is made once, where npm can be reached; elsewhere those
# tests are skipped, saying why. Everything else is tested without.
set -eu
collector=collector/farmwatch_collector
vendor=$collector/console/static/vendor
[ -f "$vendor/outlines.json" ] && [ -f "$vendor/cytoscape.js" ] && [ -f "$collector/place/data/networks.bin" ] && exit 0
if [ -n "${CI:-}" ]; then
    ${MAKE:-make} assets ||
        echo "farmwatch: make assets failed, see above. The tests that want its files will be skipped." >&2
else
    echo "farmwatch: no assets here. The tests that want them will be skipped. To make them: make assets" >&2
fi

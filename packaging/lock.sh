#!/bin/sh
# Renews requirements/*.txt: every package pinned with hashes, no index address, no path. lock.sh VENV
set -eu
venv=$1
"$venv/bin/pip" install --quiet --disable-pip-version-check uv
for name in agent demo dev; do
    extras=""
    [ "$name" != agent ] && extras="--extra collector"
    [ "$name" = dev ] && extras="$extras --extra dev --extra net --extra netifaces"
    # shellcheck disable=SC2086
    "$venv/bin/uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 --upgrade \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
        $extras pyproject.toml requirements/build.in -o "requirements/$name.txt"
done
# Node and npm, for `make assets` alone. Then what npm itself fetches: digests, no addresses.
"$venv/bin/uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 --upgrade \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
    requirements/assets.in requirements/build.in -o requirements/assets.txt

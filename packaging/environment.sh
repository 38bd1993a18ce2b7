#!/bin/sh
# Makes a private environment: environment.sh PYTHON FOLDER REQUIREMENTS. Says in one line what is missing.
set -eu
python=$1 folder=$2 requirements=$3

say() { printf '%s\n' "farmwatch: $*" >&2; exit 1; }

command -v "$python" >/dev/null 2>&1 || say "no '$python' here. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
    || say "'$python' is $("$python" -V 2>&1), 3.11 or newer is needed. Name another: make PYTHON=/path/to/python3"
"$python" -c 'import ensurepip, venv' 2>/dev/null \
    || say "'$python' cannot make environments (no ensurepip). On Debian and Ubuntu: apt-get install python3-venv"
rm -rf "$folder"
"$python" -m venv "$folder" || say "could not make $folder: see above; is the disk full?"
log=$folder/install.log
if ! "$folder/bin/pip" install --disable-pip-version-check --require-hashes -r "$requirements" >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    say "could not install $requirements: is the network there? pip's whole output is in $log. Behind a proxy, set HTTPS_PROXY; then run make again"
fi
"$folder/bin/pip" install --disable-pip-version-check --no-deps --no-build-isolation --no-index -e . >>"$log" 2>&1 \
    || { tail -n 5 "$log" >&2; say "could not install farmwatch itself: see $log"; }
touch "$folder/.made"

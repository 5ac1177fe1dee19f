#!/bin/sh
# Puts the user's own Exim configuration in the place of the driver's: lets the installed Exim read it, sets what
# the lab needs to be otherwise, and prints a line for each such setting. Nothing outside the run is changed.
set -eu
umask 022
# The private root gets a layer of the run's own; who else runs here does not see it.
[ "${WAXSEAL_CONFIG_INSIDE:-}" ] || WAXSEAL_CONFIG_INSIDE=1 exec unshare --mount "$0"
root=$WAXSEAL_ROOT run=$WAXSEAL_DIR user=$WAXSEAL_CONFIG etc=$WAXSEAL_ROOT/etc/exim4

refuse() {
    echo "$*" >&2
    exit 1
}

# tell WORD TEXT: a line for waxseal: `set`, `time`, `finding`, `warning` or `shows`.
tell() {
    word=$1
    shift
    printf '%s\t%s\n' "$word" "$*"
}

. ./inside.sh
. ./parts.sh
. ./environment.sh
. ./read.sh

main_file
put_inside
read_settings
read_own

. ./files.sh
if [ "${WAXSEAL_CONFIG_OVERVIEW:-}" ]; then
    . ./overview.sh
    overview
    exit 0
fi

. ./trust.sh
. ./material.sh
. ./library.sh
. ./outside.sh
. ./door.sh

material
lab_certificates
files
tables
stores
ciphers
listeners
edit
ask_outside
empty_tables
read_again
door
envelope
finish

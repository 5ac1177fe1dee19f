#!/bin/sh
# Puts the user's own Postfix configuration in the place of the driver's: copies it into the run, sets what
# the lab needs to be otherwise, and prints a line for each such setting. Nothing outside the run is changed.
#
# What it prints begins with a word and a tab: `set` and `time` are overrides, `finding` is something on the disk
# that is not what the administrator means, `warning` is something of which the probe has one value, `entry` is
# a policy entry or a route (overview.sh), `listener` a service that listens (listeners.sh).
set -eu
umask 022
# The private root gets a layer of the run's own, in which the user's files are at their own paths.
[ "${WAXSEAL_CONFIG_INSIDE:-}" ] || WAXSEAL_CONFIG_INSIDE=1 exec unshare --mount "$0"
root=$WAXSEAL_ROOT run=$WAXSEAL_DIR user=$WAXSEAL_CONFIG etc=$WAXSEAL_ROOT/etc/postfix
tab=$(printf '\t')

refuse() {
    echo "$*" >&2
    exit 1
}
say() { printf '%s\t%s\n' "$1" "$2"; }

. ./copy.sh
. ./values.sh
. ./environment.sh
use_settings
# Postfix's own commands need the users and addresses of the lab.
use_lab
write_edits
read_expanded
read_services
. ./tables.sh
. ./unasked.sh
. ./stale.sh
. ./policy.sh
. ./overview.sh
. ./listeners.sh
[ -z "${WAXSEAL_CONFIG_OVERVIEW:-}" ] || exit 0
. ./filters.sh
. ./trust.sh
. ./material.sh
. ./pinned.sh
. ./sender.sh
. ./login.sh
. ./services.sh
write_edits
put_in_place

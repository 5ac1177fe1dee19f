# Part of config.sh: the policy entries, routes and listeners of the user's configuration, one a line. Nothing is started.

overview() {
    : >"$run/missing"
    tables
    while IFS='	' read -r path kind; do
        tell finding "$path is not there, and Exim puts off mail for which it looks something up in it"
    done <"$run/missing"
    # A file that is put together for the test is none in which the user would look.
    made=
    [ "$main" != "$run/made.conf" ] || made=yes
    awk -v root="$root" -v main="$main" -v made="$made" -f ./options.awk -f ./lists.awk -f ./overview.awk "$run/own"
    awk -v main="$main" -v made="$made" -f ./options.awk -f ./lists.awk -f ./listeners.awk "$run/own"
}

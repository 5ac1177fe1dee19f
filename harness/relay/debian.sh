#!/bin/sh
# Unpacks Debian packages and all they need into a private directory:
# debian.sh ETC ROOT SUITE PACKAGE...
#
# The packages come from the sources of Debian that ETC/apt (usually /etc/apt) names, with their suite
# replaced by SUITE, so the release taken need not be the release of the host. All of apt's state is under
# ROOT, nothing is configured and no package's script is run: the system does not change. Prints the
# upstream version of the first package; what goes wrong is one sentence on standard error.
set -eu
umask 022

fail() { echo "$*" >&2; exit 1; }

etc=$1 root=$2 suite=$3
shift 3

[ "$(id -u)" = 0 ] || fail "the packages of Debian are unpacked as root, run it with sudo"
host=$(. "$etc/os-release" 2>/dev/null && echo "${ID:-} ${VERSION_CODENAME:-}") || host=
case $host in
"debian "?*) codename=${host#debian } ;;
"debian ") fail "$etc/os-release does not say which release of Debian this is" ;;
*) fail "its packages come from the sources of a Debian host, and this is not one" ;;
esac
for tool in apt-get apt-cache awk dpkg-deb sed tar; do
    command -v "$tool" >/dev/null || fail "the program $tool is missing on this machine"
done

# Private state of apt, read after the host's own settings: proxies stay, hooks and pins are dropped.
apt=$root/.apt
mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/log" "$apt/sources"
: >"$apt/state/status"
cat >"$apt/apt.conf" <<X
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Post-Invoke;
#clear APT::Default-Release;
#clear APT::Architectures;
Dir::State "$apt/state";
Dir::State::status "$apt/state/status";
Dir::State::lists "$apt/state/lists";
Dir::Cache "$apt/cache";
Dir::Cache::archives "$apt/cache/archives";
Dir::Log "$apt/log";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Periodic::Enable "0";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Acquire::Retries "2";
Acquire::Languages "none";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
X

# The host's sources of Debian itself: entries for its codename with the component "main".
for file in "$etc"/apt/sources.list.d/*.sources; do
    [ -e "$file" ] || continue
    awk -v RS= -v from="$codename" -v to="$suite" '
        tolower($0) ~ /(^|\n)enabled:[ \t]*(no|false)/ { next }
        $0 ~ "(^|\n)Suites:[^\n]*[ \t]" from && $0 ~ /(^|\n)Components:[^\n]*[ \t]main([ \t\n]|$)/ {
            count = split($0, line, "\n")
            for (i = 1; i <= count; i++) {
                if (line[i] ~ /^#/) continue
                if (line[i] ~ /^Types:/) line[i] = "Types: deb"
                if (line[i] ~ /^Suites:/) gsub("[ \t]" from, " " to, line[i])
                print line[i]
            }
            print ""
        }' "$file" >>"$apt/sources/host.sources"
done
for file in "$etc/apt/sources.list" "$etc"/apt/sources.list.d/*.list; do
    [ -e "$file" ] || continue
    sed -nE "/^deb[[:space:]].*[[:space:]]$codename(-[a-z]+)*[[:space:]](.*[[:space:]])?main([[:space:]]|\$)/ { s/([[:space:]])$codename/\1$suite/; p; }" \
        "$file" >>"$apt/sources/host.list"
done
# Packages of a `file:` source would stay where they are; `copy:` brings them here as any other does.
for file in "$apt/sources/"*; do
    if [ -s "$file" ]; then sed -i 's/\([[:space:]]\)file:/\1copy:/' "$file"; else rm -f "$file"; fi
done
[ -n "$(ls "$apt/sources")" ] ||
    fail "no source of Debian $codename with the component main is configured in $etc/apt"

export DEBIAN_FRONTEND=noninteractive LC_ALL=C
run() { "$@" >"$apt/log/out" 2>&1; }
said() { grep -m1 '^E:' "$apt/log/out" || tail -n1 "$apt/log/out"; }
run apt-get -c "$apt/apt.conf" -qq update || fail "the package lists of $suite cannot be read: $(said)"
for package; do
    run apt-cache -c "$apt/apt.conf" show --no-all-versions "$package" ||
        fail "Debian $suite has no package $package"
done
run apt-get -c "$apt/apt.conf" -qq -y --download-only install "$@" ||
    fail "the packages cannot be downloaded from $suite: $(said)"

# The merged directories come first, or old packages would make real ones.
cd "$root"
mkdir -p usr/bin usr/sbin usr/lib usr/lib64 etc var/log run dev proc tmp
chmod 1777 tmp
for name in bin sbin lib lib64; do ln -sfn usr/$name $name; done
ln -sfn /run var/run
for package in "$apt"/cache/archives/*.deb; do
    { dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink --no-same-owner; } 2>"$apt/log/out" ||
        fail "the package ${package##*/} cannot be unpacked: $(said)"
done

# What every root needs and the scripts of Debian's base packages would have made. Devices and the files
# of the lab are mounted over the empty ones when the relay starts.
[ ! -e usr/bin/dash ] || [ -e usr/bin/sh ] || ln -s dash usr/bin/sh
printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin >etc/passwd
printf '%s\n' root:x:0: nogroup:x:65534: >etc/group
printf '%s\n' 'hosts: files dns' 'passwd: files' 'group: files' 'services: files' 'protocols: files' >etc/nsswitch.conf
for name in dev/null dev/zero dev/random dev/urandom etc/hosts etc/resolv.conf; do
    [ -e "$name" ] || : >"$name"
done

for package in "$apt/cache/archives/$1"_*.deb; do version=$(dpkg-deb -f "$package" Version); done
rm -rf "$apt"
# Without Debian's epoch and revision, and without what was repacked.
version=${version#*:}
version=${version%-*}
echo "${version%%+*}"

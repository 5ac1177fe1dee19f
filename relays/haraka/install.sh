#!/bin/sh
# Puts Haraka and the packages it needs into a private root: install.sh ROOT. None of their scripts is run.
set -eu
umask 022

fail() { echo "haraka: $*" >&2; exit 1; }

for tool in node npm; do
    command -v $tool >/dev/null || fail "$tool is missing on this machine."
done
node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || fail "it needs Node.js 20 or newer, and this is $(node --version)."
cd "$1"
echo '{ "private": true }' >package.json
npm install --no-audit --no-fund --ignore-scripts --loglevel=error Haraka@3.3.4 >&2 || fail "npm could not install it."
node -p 'require("./node_modules/Haraka/package.json").version' >VERSION

#!/bin/sh
# Prints the queue: chasquid keeps each message in a file of its own, as text with one recipient a block.
set -eu
# A file may be gone before it is read, because its message is.
for file in "$WAXSEAL_DIR"/data/queue/m:* "$WAXSEAL_DIR"/more/*/data/queue/m:*; do
    [ -e "$file" ] && cat "$file" 2>/dev/null || :
done | awk '
    # The text of a line `key: "text"`, with the escapes that JSON has too.
    function text(line) {
        sub(/^[^"]*"/, "", line)
        sub(/"$/, "", line)
        gsub(/\\(x[0-9a-f][0-9a-f]|[0-7][0-7][0-7])/, "?", line)
        gsub(/\\'\''/, "'\''", line)
        return line
    }
    /^ID:/ { id = text($0) }
    /^[Rr]cpt:? *\{/ { recipient = reason = ""; waits = 1 }
    /^ +address:/ { recipient = text($0) }
    /^ +status:/ { waits = $0 ~ /PENDING/ }
    /^ +last_failure_message:/ { reason = text($0) }
    /^\}/ && recipient != "" {
        if (waits) printf "{\"id\": \"%s\", \"recipient\": \"%s\", \"reason\": \"%s\"}\n", id, recipient, reason
        recipient = ""
    }'

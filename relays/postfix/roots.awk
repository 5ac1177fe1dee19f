# Part of config.sh: of the certificates in PEM of its input tells how many there are, and how many of these are still
# valid at `now`, YYYYMMDDHHMMSS. It stops at the first valid one.
BEGIN {
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (i = 1; i <= 64; i++) number[substr(letters, i, 1)] = i - 1
}
# The octets as hexadecimal digits.
function decoded(text,    i, four, hex) {
    hex = ""
    for (i = 1; i + 3 <= length(text); i += 4) {
        four = ((number[substr(text, i, 1)] * 64 + number[substr(text, i + 1, 1)]) * 64 + number[substr(text, i + 2, 1)]) * 64 + number[substr(text, i + 3, 1)]
        hex = hex sprintf("%06x", four)
    }
    return hex
}
# A time that begins at `at`: UTCTime (17 0d) or GeneralizedTime (18 0f), as YYYYMMDDHHMMSS.
function time_at(hex, at,    digits, i, count, text) {
    count = substr(hex, at, 4) == "170d" ? 12 : substr(hex, at, 4) == "180f" ? 14 : 0
    text = ""
    for (i = 0; i < count; i++) {
        if (substr(hex, at + 4 + 2 * i, 1) != "3") return ""
        text = text substr(hex, at + 5 + 2 * i, 1)
    }
    if (count == 12) text = (substr(text, 1, 2) < 50 ? "20" : "19") text
    return text
}
function width(hex, at) { return substr(hex, at, 4) == "170d" ? 30 : 34 }
# The second of the two times that follow each other.
function not_after(hex,    at, first, second) {
    for (at = 1; at < length(hex) - 60; at += 2) {
        if (substr(hex, at, 3) != "170" && substr(hex, at, 3) != "180") continue
        first = time_at(hex, at)
        if (first == "") continue
        second = time_at(hex, at + width(hex, at))
        if (second != "") return second
    }
    return ""
}
/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/ { inside = 1; text = ""; next }
/-----END (TRUSTED |X509 )?CERTIFICATE-----/ {
    inside = 0
    count++
    if (not_after(decoded(text)) > now) { valid++; exit }
    next
}
inside { gsub(/[^A-Za-z0-9+\/=]/, ""); text = text $0 }
END { print count + 0, valid + 0 }

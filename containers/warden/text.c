/* Escaping. Every string of a record passes through here, and every one of them may have been chosen by the agent. */
#include "text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char HEX[] = "0123456789abcdef";

static bool put(struct text *out, const char *bytes, size_t len) {
    if (out->full || out->cap - out->len < len) {
        out->full = true;
        return false;
    }
    memcpy(out->at + out->len, bytes, len);
    out->len += len;
    return true;
}

void text_raw(struct text *out, const char *bytes, size_t len) {
    put(out, bytes, len);
}

void text_int(struct text *out, long long value) {
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", value);
    put(out, digits, (size_t)n);
}

/* Length of the well-formed UTF-8 sequence that begins at `s` (Unicode 15, table 3-7), and its code point; 0 when there is none. */
static size_t decode(const unsigned char *s, size_t len, uint32_t *point) {
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xC2 && s[0] <= 0xDF ? 2 : (s[0] & 0xF0) == 0xE0 ? 3 : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4 : 0;
    if (n == 0 || n > len)
        return 0;
    *point = n == 1 ? s[0] : s[0] & (0xFFU >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
        *point = *point << 6 | (s[i] & 0x3FU);
    }
    bool overlong = (n == 3 && *point < 0x800) || (n == 4 && *point < 0x10000);
    bool surrogate = *point >= 0xD800 && *point <= 0xDFFF;
    return overlong || surrogate || *point > 0x10FFFF ? 0 : n;
}

static size_t unit(char *to, uint32_t value) {
    to[0] = '\\';
    to[1] = 'u';
    for (int i = 0; i < 4; i++)
        to[2 + i] = HEX[value >> (12 - 4 * i) & 15];
    return 6;
}

static size_t escape(char *to, uint32_t point) {
    static const char SHORT[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the character, and the letter that stands for it */
    for (size_t i = 0; i < sizeof SHORT - 1; i += 2)
        if (point == (unsigned char)SHORT[i]) {
            to[0] = '\\';
            to[1] = SHORT[i + 1];
            return 2;
        }
    if (point >= ' ' && point <= '~') {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x10000)
        return unit(to, point);
    point -= 0x10000;
    return unit(to, 0xD800 + (point >> 10)) + unit(to + 6, 0xDC00 + (point & 0x3FF));
}

static size_t broken(char *to, unsigned char byte) {
    memcpy(to, "\\\\x", 3); /* the backslash of the text \xNN is itself escaped in JSON */
    to[3] = HEX[byte >> 4];
    to[4] = HEX[byte & 15];
    return 5;
}

void text_string(struct text *out, const char *bytes, size_t len) {
    const unsigned char *s = (const unsigned char *)bytes;
    if (out->full || out->cap - out->len < 2) {
        out->full = true;
        return;
    }
    out->at[out->len++] = '"';
    for (size_t i = 0; i < len;) {
        uint32_t point = 0;
        char piece[16];
        size_t used = decode(s + i, len - i, &point);
        size_t n = used ? escape(piece, point) : broken(piece, s[i]);
        if (out->cap - out->len < n + 1) /* room for the closing quote is kept */
            break;
        memcpy(out->at + out->len, piece, n);
        out->len += n;
        i += used ? used : 1;
    }
    out->at[out->len++] = '"';
}

/* JSON text into a bounded buffer, byte for byte what Python's json.dumps(..., ensure_ascii=True) writes. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
    char *at;
    size_t len;
    size_t cap;
    bool full; /* something did not fit, and was left out whole */
};

/* Text as it stands: punctuation and keys. */
void text_raw(struct text *out, const char *bytes, size_t len);

/* A decimal number. */
void text_int(struct text *out, long long value);

/* A JSON string. The bytes come from the agent: valid UTF-8 becomes \uXXXX escapes (surrogate pairs above U+FFFF), and each byte that is
 * part of no valid sequence becomes the four characters \xNN, as Python's errors="backslashreplace" has it. When the buffer ends the
 * string is cut between characters, and is closed. */
void text_string(struct text *out, const char *bytes, size_t len);

#endif

/* SPDX-License-Identifier: MIT */
/* An object of JSON (RFC 8259), written on one line. */
#ifndef SEE_JSON_H
#define SEE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest names all hosts of the largest world (run/network/plan.h). */
#define JSON_LINE 16384

/* What does not fit is left out, the end excepted. */
struct json {
	char line[JSON_LINE];
	size_t n;
};

void json_begin(struct json *json);
/* The line, with its end, is line[0] .. line[n - 1]. */
void json_end(struct json *json);

/* "name": */
void json_key(struct json *json, const char *name);
/* As it is. */
void json_put(struct json *json, const char *text);
/* In quotes.  Controls must not be in it (text_escape). */
void json_put_string(struct json *json, const char *text);

/* "name": value */
void json_string(struct json *json, const char *name, const char *text);
void json_number(struct json *json, const char *name, uint64_t value);
void json_bool(struct json *json, const char *name, bool value);
/* Nanoseconds, as seconds with nine digits. */
void json_seconds(struct json *json, const char *name, uint64_t ns);

#endif

/* SPDX-License-Identifier: MIT */
/* JSON (RFC 8259), one object on a line. */
#include "see/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <catenet/base.h>

void json_begin(struct json *json)
{
	json->n = 0;
	json_put(json, "{");
}

void json_end(struct json *json)
{
	json->line[json->n++] = '}';
	json->line[json->n++] = '\n';
}

void json_put(struct json *json, const char *text)
{
	size_t len = strlen(text);

	if (json->n + len + 4 > sizeof(json->line))
		return;
	memcpy(json->line + json->n, text, len);
	json->n += len;
}

void json_key(struct json *json, const char *name)
{
	if (json->line[json->n - 1] != '{')
		json_put(json, ", ");
	json_put(json, "\"");
	json_put(json, name);
	json_put(json, "\": ");
}

/* Quotes and backslashes; controls do not reach here (text_escape). */
void json_put_string(struct json *json, const char *text)
{
	char one[2] = {0};

	json_put(json, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			json_put(json, "\\");
		one[0] = *text;
		json_put(json, one);
	}
	json_put(json, "\"");
}

void json_string(struct json *json, const char *name, const char *text)
{
	json_key(json, name);
	json_put_string(json, text);
}

void json_number(struct json *json, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	json_key(json, name);
	json_put(json, text);
}

void json_bool(struct json *json, const char *name, bool value)
{
	json_key(json, name);
	json_put(json, value ? "true" : "false");
}

void json_seconds(struct json *json, const char *name, uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64 ".%09" PRIu64,
		 ns / CN_NS_PER_SEC, ns % CN_NS_PER_SEC);
	json_key(json, name);
	json_put(json, text);
}

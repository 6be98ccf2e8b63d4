/* SPDX-License-Identifier: MIT */
/* Any text as drop rules: read or refused, with a place inside the text and a
 * sentence that a terminal may show. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <catenet/link.h>

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[CN_DROP_ERROR], *rules = malloc(size + 1);
	size_t at = SIZE_MAX, i;

	if (!rules)
		return 0;
	memcpy(rules, data, size);
	rules[size] = '\0';
	if (cn_drop_error(rules, &at, text, sizeof(text))) {
		CN_ASSERT(at <= strlen(rules));
		for (i = 0; text[i]; i++)
			CN_ASSERT(text[i] >= ' ' && text[i] < 127);
		CN_ASSERT(i > 30 && i < sizeof(text));
	}
	free(rules);
	return 0;
}

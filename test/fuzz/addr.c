/* SPDX-License-Identifier: MIT */
/* Text as an address: whatever is read is written and read again the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <catenet/frame.h>

#define HOLDS(x) ((x) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1), again[CN_ADDR_TEXT];
	uint8_t theirs[16] = {[10] = 0xff, [11] = 0xff};
	struct cn_addr addr, back;
	bool is;

	HOLDS(text);
	memcpy(text, data, len);
	text[len] = '\0';
	is = cn_addr_parse(text, &addr);
	HOLDS(is == (inet_pton(AF_INET, text, theirs + 12) == 1 ||
		     inet_pton(AF_INET6, text, theirs) == 1));
	if (is) {
		HOLDS(!memcmp(theirs, addr.octet, 16));
		HOLDS(cn_addr_format(&addr, again) == strlen(again));
		HOLDS(cn_addr_parse(again, &back));
		HOLDS(cn_addr_equal(&addr, &back));
	}
	free(text);
	return 0;
}

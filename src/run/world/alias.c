/* SPDX-License-Identifier: MIT */
/* Names on the path for what is this machine itself. */
#include "run/world/alias.h"

#include <stdlib.h>
#include <string.h>

#include "run/world/machine.h"

#define FIRST 3
#define LAST 252
#define OWN 253
#define CLIENT 254
/* Names that peers may take by themselves. */
#define PEERS 125

/* RFC 5737, and RFC 2544's range for tests of devices. */
static const uint8_t ranges4[][3] = {
	{192, 0, 2}, {198, 51, 100}, {203, 0, 113}, {198, 18, 0}, {198, 19, 77},
};
/* The third group of 2001:db8::/32 (RFC 3849). */
static const uint16_t ranges6[] = {0, 0xca7e, 0xca7f};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_taken(const struct machine *machine, const struct cn_addr *base,
		     size_t octets)
{
	for (size_t i = 0; i < machine->addr_n; i++)
		if (!memcmp(machine->addr[i].addr.octet, base->octet, octets))
			return true;
	return false;
}

void alias_init(struct alias_table *table, const struct machine *machine)
{
	memset(table, 0, sizeof(*table));
	for (size_t i = 0; i < COUNT(ranges4); i++) {
		const uint8_t *range = ranges4[i];

		table->base4 = cn_addr_v4(range[0], range[1], range[2], 0);
		if (!is_taken(machine, &table->base4, 15))
			break;
	}
	for (size_t i = 0; i < COUNT(ranges6); i++) {
		static const uint8_t documents[4] = {0x20, 0x01, 0x0d, 0xb8};

		memcpy(table->base6.octet, documents, sizeof(documents));
		table->base6.octet[4] = (uint8_t)(ranges6[i] >> 8);
		table->base6.octet[5] = (uint8_t)ranges6[i];
		if (!is_taken(machine, &table->base6, 8))
			break;
	}
}

static struct cn_addr name(const struct alias_table *table, bool v4,
			   unsigned number)
{
	struct cn_addr addr = v4 ? table->base4 : table->base6;

	addr.octet[15] = (uint8_t)number;
	return addr;
}

/* 0 when it is no name. */
static unsigned number_of(const struct alias_table *table,
			  const struct cn_addr *addr)
{
	unsigned number = addr->octet[15];
	struct cn_addr same = name(table, cn_addr_is_v4(addr), number);

	return cn_addr_equal(addr, &same) ? number : 0;
}

static struct cn_addr localhost(bool v4)
{
	struct cn_addr addr = {{[15] = 1}};

	return v4 ? cn_addr_v4(127, 0, 0, 1) : addr;
}

struct cn_addr alias_program(const struct alias_table *table, bool v4)
{
	return name(table, v4, 2);
}

struct cn_addr alias_gateway(const struct alias_table *table, bool v4)
{
	return name(table, v4, 1);
}

struct cn_addr alias_client(const struct alias_table *table)
{
	return name(table, true, CLIENT);
}

struct cn_addr alias_own(const struct alias_table *table)
{
	return name(table, true, OWN);
}

void alias_deinit(struct alias_table *table)
{
	free(table->real);
}

static bool grow(struct alias_table *table)
{
	size_t room = table->room ? table->room * 2 : 16;
	void *more = realloc(table->real, room * sizeof(table->real[0]));

	if (!more)
		return false;
	table->real = more;
	table->room = room;
	return true;
}

static bool find_or_add(struct alias_table *table, const struct cn_addr *real,
			size_t most, struct cn_addr *alias)
{
	bool v4 = cn_addr_is_v4(real);
	struct cn_addr local = localhost(v4);
	size_t i;

	if (cn_addr_equal(real, &local)) {
		*alias = alias_gateway(table, v4);
		return true;
	}
	for (i = 0; i < table->n; i++)
		if (cn_addr_equal(&table->real[i], real))
			break;
	if (i == table->n) {
		if (i >= most || (i == table->room && !grow(table)))
			return false;
		table->real[table->n++] = *real;
	}
	*alias = name(table, v4, (unsigned)(FIRST + i));
	return true;
}

bool alias_of(struct alias_table *table, const struct cn_addr *real,
	      struct cn_addr *alias)
{
	return find_or_add(table, real, LAST - FIRST + 1, alias);
}

bool alias_of_peer(struct alias_table *table, const struct cn_addr *real,
		   struct cn_addr *alias)
{
	return find_or_add(table, real, PEERS, alias);
}

struct cn_addr alias_real(const struct alias_table *table,
			  const struct cn_addr *addr)
{
	bool v4 = cn_addr_is_v4(addr);
	unsigned number = number_of(table, addr);

	if (number == 1 || number == 2)
		return localhost(v4);
	if (number >= FIRST && number - FIRST < table->n &&
	    cn_addr_is_v4(&table->real[number - FIRST]) == v4)
		return table->real[number - FIRST];
	return *addr;
}

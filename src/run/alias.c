/* SPDX-License-Identifier: MIT */
/* Names on the path for what is this machine itself. */
#include "run/alias.h"

#include <stdlib.h>
#include <string.h>

#define FIRST 3
#define LAST 254

static struct cn_addr name(bool v4, unsigned number)
{
	struct cn_addr addr = {
		{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}};

	if (v4)
		return cn_addr_v4(192, 0, 2, (uint8_t)number);
	addr.octet[15] = (uint8_t)number;
	return addr;
}

/* 0 when it is no name. */
static unsigned number_of(const struct cn_addr *addr)
{
	unsigned number = addr->octet[15];
	struct cn_addr same = name(cn_addr_is_v4(addr), number);

	return cn_addr_equal(addr, &same) ? number : 0;
}

static struct cn_addr localhost(bool v4)
{
	struct cn_addr addr = {{[15] = 1}};

	return v4 ? cn_addr_v4(127, 0, 0, 1) : addr;
}

struct cn_addr alias_program(bool v4)
{
	return name(v4, 2);
}

struct cn_addr alias_gateway(bool v4)
{
	return name(v4, 1);
}

void alias_init(struct alias_table *table)
{
	memset(table, 0, sizeof(*table));
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

bool alias_of(struct alias_table *table, const struct cn_addr *real,
	      struct cn_addr *alias)
{
	bool v4 = cn_addr_is_v4(real);
	struct cn_addr local = localhost(v4);
	size_t i;

	if (cn_addr_equal(real, &local)) {
		*alias = alias_gateway(v4);
		return true;
	}
	for (i = 0; i < table->n; i++)
		if (cn_addr_equal(&table->real[i], real))
			break;
	if (i == table->n) {
		if (FIRST + i > LAST || (i == table->room && !grow(table)))
			return false;
		table->real[table->n++] = *real;
	}
	*alias = name(v4, (unsigned)(FIRST + i));
	return true;
}

struct cn_addr alias_real(const struct alias_table *table,
			  const struct cn_addr *addr)
{
	bool v4 = cn_addr_is_v4(addr);
	unsigned number = number_of(addr);

	if (number == 1 || number == 2)
		return localhost(v4);
	if (number >= FIRST && number - FIRST < table->n &&
	    cn_addr_is_v4(&table->real[number - FIRST]) == v4)
		return table->real[number - FIRST];
	return *addr;
}

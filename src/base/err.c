/* SPDX-License-Identifier: MIT */
/*
 * The texts of errors and of reasons for a drop, out of the lists in
 * catenet/base.h.  They lie in one struct of arrays and are found by offset,
 * so that the tables hold no pointer and need no relocation.
 */
#include <catenet/base.h>

struct err_text {
#define CN_X(name, number, kind, text) char name[sizeof(text)];
	CN_ERRORS(CN_X)
#undef CN_X
};

struct err_name {
#define CN_X(name, number, kind, text) char name[sizeof(#name)];
	CN_ERRORS(CN_X)
#undef CN_X
};

struct drop_text {
#define CN_X(name, text) char name[sizeof(text)];
	CN_DROPS(CN_X)
#undef CN_X
};

struct drop_name {
#define CN_X(name, text) char name[sizeof(#name)];
	CN_DROPS(CN_X)
#undef CN_X
};

static const struct err_text err_texts = {
#define CN_X(name, number, kind, text) text,
	CN_ERRORS(CN_X)
#undef CN_X
};

static const struct err_name err_names = {
#define CN_X(name, number, kind, text) #name,
	CN_ERRORS(CN_X)
#undef CN_X
};

static const struct drop_text drop_texts = {
#define CN_X(name, text) text,
	CN_DROPS(CN_X)
#undef CN_X
};

static const struct drop_name drop_names = {
#define CN_X(name, text) #name,
	CN_DROPS(CN_X)
#undef CN_X
};

static const struct {
	int16_t err;
	uint16_t text, name;
} err_index[] = {
#define CN_X(name, number, kind, text)                                         \
	{CN_E_##name, offsetof(struct err_text, name),                         \
	 offsetof(struct err_name, name)},
	CN_ERRORS(CN_X)
#undef CN_X
};

static const struct {
	uint16_t text, name;
} drop_index[CN_DROP_N] = {
#define CN_X(name, text)                                                       \
	{offsetof(struct drop_text, name), offsetof(struct drop_name, name)},
	CN_DROPS(CN_X)
#undef CN_X
};

#define ERR_N (sizeof(err_index) / sizeof(err_index[0]))

static size_t err_find(int err)
{
	size_t i = 0;

	while (i < ERR_N && err_index[i].err != err)
		i++;
	return i;
}

const char *cn_err_text(int err)
{
	size_t i = err_find(err);

	if (err == CN_OK)
		return "success";
	if (i == ERR_N)
		return "unknown error";
	return (const char *)&err_texts + err_index[i].text;
}

const char *cn_err_name(int err)
{
	size_t i = err_find(err);

	if (err == CN_OK)
		return "OK";
	if (i == ERR_N)
		return "UNKNOWN";
	return (const char *)&err_names + err_index[i].name;
}

const char *cn_drop_text(enum cn_drop drop)
{
	if ((unsigned)drop >= CN_DROP_N)
		return "unknown reason";
	return (const char *)&drop_texts + drop_index[drop].text;
}

const char *cn_drop_name(enum cn_drop drop)
{
	if ((unsigned)drop >= CN_DROP_N)
		return "UNKNOWN";
	return (const char *)&drop_names + drop_index[drop].name;
}

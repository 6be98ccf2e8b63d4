/* SPDX-License-Identifier: MIT */
/*
 * Errors of the engine in Linux's numbers.  Only here, in lib/, are the two
 * ever seen together.
 */
#include "lib/linux_err.h"

#include <errno.h>

/* The engine's error, Linux's.  Where several of the engine's have one number
 * the first row is the way back. */
static const struct {
	int err;
	int number;
} pairs[] = {
	{CN_OK, 0},
	{CN_E_AGAIN, EAGAIN},
	{CN_E_INVAL, EINVAL},
	{CN_E_NOMEM, ENOMEM},
	{CN_E_NOBUFS, ENOBUFS},
	{CN_E_ADDRINUSE, EADDRINUSE},
	{CN_E_ADDRNOTAVAIL, EADDRNOTAVAIL},
	{CN_E_ISCONN, EISCONN},
	{CN_E_NOTCONN, ENOTCONN},
	{CN_E_ALREADY, EALREADY},
	{CN_E_INPROGRESS, EINPROGRESS},
	{CN_E_OPNOTSUPP, EOPNOTSUPP},
	{CN_E_NOPROTOOPT, ENOPROTOOPT},
	{CN_E_AFNOSUPPORT, EAFNOSUPPORT},
	{CN_E_ACCES, EACCES},
	{CN_E_PIPE, EPIPE},
	{CN_E_NETUNREACH, ENETUNREACH},
	{CN_E_NOENTROPY, EAGAIN},
	{CN_E_MSGSIZE, EMSGSIZE},
	{CN_E_DESTADDRREQ, EDESTADDRREQ},
	{CN_E_NOLINK, ENODEV},
	{CN_E_RANGE, EINVAL},
	{CN_E_CONNREFUSED, ECONNREFUSED},
	{CN_E_CONNRESET, ECONNRESET},
	{CN_E_TIMEDOUT, ETIMEDOUT},
	{CN_E_HOSTUNREACH, EHOSTUNREACH},
	{CN_E_CONNABORTED, ECONNABORTED},
	{CN_E_PROTO, EPROTO},
	/* Linux has one number for its own lack of a route and for the
	 * network's word of it. */
	{CN_E_NETDOWN, ENETUNREACH},
};

int linux_errno(int err)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i].err == err)
			return pairs[i].number;
	return EIO;
}

int linux_err_from(int number)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i].number == number)
			return pairs[i].err;
	return CN_E_INVAL;
}

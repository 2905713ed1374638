/*
 * port_error.c - why the last call failed, in the words that mail logs use.
 *
 * The words are those of glibc, since years of logs, and the people and tools
 * that read them, know them; musl says "Operation timed out", for one.
 */
#include <errno.h>

#include "port_int.h"

/* As errno: of the last failed call of this process, whatever it was. */
static int last;

struct words {
	int code;
	const char *text;
};

static const struct words table[] = {
	{ PORT_END_OF_STREAM, "Connection closed" },
	{ 0, "Success" },
	{ EPERM, "Operation not permitted" },
	{ ENOENT, "No such file or directory" },
	{ EINTR, "Interrupted system call" },
	{ EIO, "Input/output error" },
	{ ENXIO, "No such device or address" },
	{ EBADF, "Bad file descriptor" },
	{ EAGAIN, "Resource temporarily unavailable" },
	{ ENOMEM, "Cannot allocate memory" },
	{ EACCES, "Permission denied" },
	{ EBUSY, "Device or resource busy" },
	{ EEXIST, "File exists" },
	{ EXDEV, "Invalid cross-device link" },
	{ ENODEV, "No such device" },
	{ ENOTDIR, "Not a directory" },
	{ EISDIR, "Is a directory" },
	{ EINVAL, "Invalid argument" },
	{ ENFILE, "Too many open files in system" },
	{ EMFILE, "Too many open files" },
	{ ETXTBSY, "Text file busy" },
	{ EFBIG, "File too large" },
	{ ENOSPC, "No space left on device" },
	{ ESPIPE, "Illegal seek" },
	{ EROFS, "Read-only file system" },
	{ EMLINK, "Too many links" },
	{ EPIPE, "Broken pipe" },
	{ ENAMETOOLONG, "File name too long" },
	{ ENOLCK, "No locks available" },
	{ ENOSYS, "Function not implemented" },
	{ ENOTEMPTY, "Directory not empty" },
	{ ELOOP, "Too many levels of symbolic links" },
	{ ENONET, "Machine is not on the network" },
	{ EPROTO, "Protocol error" },
	{ EOVERFLOW, "Value too large for defined data type" },
	{ ENOTSOCK, "Socket operation on non-socket" },
	{ EMSGSIZE, "Message too long" },
	{ EPROTOTYPE, "Protocol wrong type for socket" },
	{ ENOPROTOOPT, "Protocol not available" },
	{ EPROTONOSUPPORT, "Protocol not supported" },
	{ ESOCKTNOSUPPORT, "Socket type not supported" },
	{ EOPNOTSUPP, "Operation not supported" },
	{ EPFNOSUPPORT, "Protocol family not supported" },
	{ EAFNOSUPPORT, "Address family not supported by protocol" },
	{ EADDRINUSE, "Address already in use" },
	{ EADDRNOTAVAIL, "Cannot assign requested address" },
	{ ENETDOWN, "Network is down" },
	{ ENETUNREACH, "Network is unreachable" },
	{ ENETRESET, "Network dropped connection on reset" },
	{ ECONNABORTED, "Software caused connection abort" },
	{ ECONNRESET, "Connection reset by peer" },
	{ ENOBUFS, "No buffer space available" },
	{ EISCONN, "Transport endpoint is already connected" },
	{ ENOTCONN, "Transport endpoint is not connected" },
	{ ETIMEDOUT, "Connection timed out" },
	{ ECONNREFUSED, "Connection refused" },
	{ EHOSTDOWN, "Host is down" },
	{ EHOSTUNREACH, "No route to host" },
	{ EALREADY, "Operation already in progress" },
	{ EINPROGRESS, "Operation now in progress" },
	{ ESTALE, "Stale file handle" },
	{ EDQUOT, "Disk quota exceeded" },
	{ ECANCELED, "Operation canceled" },
};

const char *
port_error(void)
{
	static char number[24];
	struct buf b = BUF(number);

	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].code == last)
			return table[i].text;
	buf_fmt(&b, "error %d", last);
	return buf_text(&b);
}

bool
port_error_is_missing(void)
{
	return last == ENOENT || last == ENOTDIR;
}

/*
 * EHOSTUNREACH is what a dead gateway or a pulled cable looks like, too, once
 * the neighbour entry has expired; that one host is away looks the same.
 */
bool
port_error_is_network(void)
{
	switch (last) {
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
	case ENONET:
	case ENODEV:
		return true;
	default:
		return false;
	}
}

enum rc
port_failed(void)
{
	return port_failed_as(errno);
}

enum rc
port_failed_as(int code)
{
	last = code;
	return RC_OS;
}

enum rc
port_failed_stream(int code)
{
	last = code;
	switch (code) {
	case PORT_END_OF_STREAM:
	case EPIPE:
	case ECONNRESET:
	case ECONNABORTED:
	case ECONNREFUSED:
	case ENETRESET:
	case ETIMEDOUT:		/* the system gave up; not our deadline */
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTDOWN:
	case EHOSTUNREACH:
		return RC_GONE;
	default:
		return RC_OS;
	}
}

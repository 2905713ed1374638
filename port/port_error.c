/*
 * port_error.c - why the last call failed, in the words that mail logs use.
 *
 * The words are those of glibc, since years of logs, and the people and tools
 * that read them, know them; musl says "Operation timed out", for one.
 */
#include <errno.h>
#include <string.h>

#include "port_int.h"

/* As errno: of the last failed call of this process, whatever it was. */
static int last;

/*
 * One string and a row of numbers, not a table of pointers: those would have
 * to be relocated, and their pages written to, in every process.
 */
#define WORDS(WORD) \
	WORD(PORT_END_OF_STREAM, "Connection closed") \
	WORD(0, "Success") \
	WORD(EPERM, "Operation not permitted") \
	WORD(ENOENT, "No such file or directory") \
	WORD(EINTR, "Interrupted system call") \
	WORD(EIO, "Input/output error") \
	WORD(ENXIO, "No such device or address") \
	WORD(EBADF, "Bad file descriptor") \
	WORD(EAGAIN, "Resource temporarily unavailable") \
	WORD(ENOMEM, "Cannot allocate memory") \
	WORD(EACCES, "Permission denied") \
	WORD(EBUSY, "Device or resource busy") \
	WORD(EEXIST, "File exists") \
	WORD(EXDEV, "Invalid cross-device link") \
	WORD(ENODEV, "No such device") \
	WORD(ENOTDIR, "Not a directory") \
	WORD(EISDIR, "Is a directory") \
	WORD(EINVAL, "Invalid argument") \
	WORD(ENFILE, "Too many open files in system") \
	WORD(EMFILE, "Too many open files") \
	WORD(ETXTBSY, "Text file busy") \
	WORD(EFBIG, "File too large") \
	WORD(ENOSPC, "No space left on device") \
	WORD(ESPIPE, "Illegal seek") \
	WORD(EROFS, "Read-only file system") \
	WORD(EMLINK, "Too many links") \
	WORD(EPIPE, "Broken pipe") \
	WORD(ENAMETOOLONG, "File name too long") \
	WORD(ENOLCK, "No locks available") \
	WORD(ENOSYS, "Function not implemented") \
	WORD(ENOTEMPTY, "Directory not empty") \
	WORD(ELOOP, "Too many levels of symbolic links") \
	WORD(ENONET, "Machine is not on the network") \
	WORD(EPROTO, "Protocol error") \
	WORD(EOVERFLOW, "Value too large for defined data type") \
	WORD(ENOTSOCK, "Socket operation on non-socket") \
	WORD(EMSGSIZE, "Message too long") \
	WORD(EPROTOTYPE, "Protocol wrong type for socket") \
	WORD(ENOPROTOOPT, "Protocol not available") \
	WORD(EPROTONOSUPPORT, "Protocol not supported") \
	WORD(ESOCKTNOSUPPORT, "Socket type not supported") \
	WORD(EOPNOTSUPP, "Operation not supported") \
	WORD(EPFNOSUPPORT, "Protocol family not supported") \
	WORD(EAFNOSUPPORT, "Address family not supported by protocol") \
	WORD(EADDRINUSE, "Address already in use") \
	WORD(EADDRNOTAVAIL, "Cannot assign requested address") \
	WORD(ENETDOWN, "Network is down") \
	WORD(ENETUNREACH, "Network is unreachable") \
	WORD(ENETRESET, "Network dropped connection on reset") \
	WORD(ECONNABORTED, "Software caused connection abort") \
	WORD(ECONNRESET, "Connection reset by peer") \
	WORD(ENOBUFS, "No buffer space available") \
	WORD(EISCONN, "Transport endpoint is already connected") \
	WORD(ENOTCONN, "Transport endpoint is not connected") \
	WORD(ETIMEDOUT, "Connection timed out") \
	WORD(ECONNREFUSED, "Connection refused") \
	WORD(EHOSTDOWN, "Host is down") \
	WORD(EHOSTUNREACH, "No route to host") \
	WORD(EALREADY, "Operation already in progress") \
	WORD(EINPROGRESS, "Operation now in progress") \
	WORD(ESTALE, "Stale file handle") \
	WORD(EDQUOT, "Disk quota exceeded") \
	WORD(ECANCELED, "Operation canceled")

#define CODE(code, text)	code,
#define TEXT(code, text)	text "\0"
static const int16_t codes[] = { WORDS(CODE) };
static const char texts[] = WORDS(TEXT);

const char *
port_error(void)
{
	static char number[24];
	struct buf b = BUF(number);
	const char *text = texts;

	for (size_t i = 0; i < COUNT(codes); i++) {
		if (codes[i] == last)
			return text;
		text += strlen(text) + 1;
	}
	buf_fmt(&b, "error %d", last);
	return buf_text(&b);
}

bool
port_error_is_missing(void)
{
	return last == ENOENT || last == ENOTDIR;
}

bool
port_error_is_refused(void)
{
	return last == ECONNREFUSED;
}

bool
port_error_is_end(void)
{
	return last == PORT_END_OF_STREAM;
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

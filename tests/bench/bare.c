/*
 * bare.c - the least that a delivery can cost: no settings, no checks, no
 * verdicts, one file to one recipient at 127.0.0.1.  A yardstick only.
 *
 *	bare PORT < MESSAGE
 *
 * Without PORT it does nothing at all: what starting a process costs.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char in[4096], out[4096];
static size_t used;

static void
flush(int fd)
{
	if (write(fd, out, used) != (ssize_t)used)
		exit(1);
	used = 0;
}

static void
put(int fd, char c)
{
	if (used == sizeof(out))
		flush(fd);
	out[used++] = c;
}

/* A reply, whatever it says: up to a line whose fourth octet is a blank. */
static void
reply(int fd)
{
	ssize_t n;

	do
		n = read(fd, in, sizeof(in) - 1);
	while (n > 0 && in[n - 1] != '\n');
	if (n <= 0)
		exit(1);
}

static void
say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) < 0)
		exit(1);
	reply(fd);
}

static void
body(int fd)
{
	char last = '\n';
	ssize_t n, i;

	while ((n = read(0, in, sizeof(in))) > 0)
		for (i = 0; i < n; last = in[i++]) {
			if (last == '\n' && in[i] == '.')
				put(fd, '.');
			if (in[i] == '\n')
				put(fd, '\r');
			put(fd, in[i]);
		}
	flush(fd);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd, one = 1;

	if (argc < 2)
		return 0;
	to.sin_port = htons((unsigned short)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return 1;
	reply(fd);
	say(fd, "EHLO client.example\r\n");
	say(fd, "MAIL FROM:<ada@client.example>\r\n");
	say(fd, "RCPT TO:<user0001@box.example>\r\n");
	say(fd, "DATA\r\n");
	body(fd);
	say(fd, ".\r\n");
	say(fd, "QUIT\r\n");
	return 0;
}

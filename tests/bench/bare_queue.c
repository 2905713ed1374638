/*
 * bare_queue.c - the least that keeping a message safe can cost: no settings,
 * no header, no envelope.  A yardstick only.
 *
 *	bare_queue FOLDER < MESSAGE
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	static char data[65536];
	char draft[64], name[64];
	int folder, fd;
	ssize_t n;

	if (argc < 2 || chdir(argv[1]) != 0)
		return 1;
	snprintf(draft, sizeof(draft), ".%d", (int)getpid());
	snprintf(name, sizeof(name), "%d", (int)getpid());
	fd = open(draft, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return 1;
	while ((n = read(0, data, sizeof(data))) > 0)
		if (write(fd, data, (size_t)n) != n)
			return 1;
	if (n < 0 || fsync(fd) != 0 || rename(draft, name) != 0)
		return 1;
	folder = open(".", O_RDONLY | O_DIRECTORY);
	return folder < 0 || fsync(folder) != 0;
}

/*
 * port_jail.c - walls around a process that meets the network.  Each of them
 * stands by itself, since few kernels have them all.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port_int.h"

static void
lack(struct buf *lacks, const char *what)
{
	if (lacks->n > 0)
		buf_puts(lacks, ", ");
	buf_puts(lacks, what);
}

/*
 * errno after an attempt to become another.  A namespace may know no other
 * user, and some kernels are built without any: who is root there is what he
 * is everywhere, and has capabilities to lose.
 */
static bool
is_alone(void)
{
	return errno == EINVAL || errno == ENOSYS;
}

/*
 * Straight to the kernel: before a libc changes users it stops all threads, for
 * which musl brings 2 KiB, and we have one.  The numbers without a suffix take
 * ids of 32 bits on all machines we build for.
 */
static enum rc
become(uint32_t uid, struct buf *lacks)
{
	uint32_t gid = uid;

	if (uid == 0)
		return port_failed_as(EPERM);
	if (!port_group(uid, &gid) || gid == 0)
		gid = uid;
	if (syscall(SYS_setresgid, gid, gid, gid) != 0) {
		if (!is_alone())
			return port_failed();
		lack(lacks, "other users");
		return RC_OK;
	}
	if (syscall(SYS_setgroups, 0, NULL) != 0 ||
	    syscall(SYS_setresuid, uid, uid, uid) != 0)
		return port_failed();
	return syscall(SYS_setuid, 0) != 0 && syscall(SYS_setgid, 0) != 0 ?
		RC_OK : port_failed_as(EPERM);
}

/* Root's go with its uid; but there are others who have some. */
static enum rc
drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {
		{ 0, 0, 0 } };

	return syscall(SYS_capset, &head, none) == 0 || errno == ENOSYS ?
		RC_OK : port_failed();
}

static enum rc
give_up_root(uint32_t uid, struct buf *lacks)
{
	uid_t real, effective, saved;

	if (getresuid(&real, &effective, &saved) != 0)
		return port_failed();
	if (real == 0 || effective == 0 || saved == 0)
		TRY(become(uid, lacks));
	return drop_capabilities();
}

/* A socket, a table, the log, /etc/resolv.conf... and some that we keep. */
enum { DESCRIPTORS_MAX = 64 };

/*
 * No limit on files: standard error may be one, and how long it is by now
 * nobody knows.
 */
static void
set_limits(void)
{
	struct rlimit none = { 0, 0 };
	struct rlimit few = { DESCRIPTORS_MAX, DESCRIPTORS_MAX };

	/* Of this process, whatever others of its user have: it forks none. */
	(void)!prlimit(0, RLIMIT_NPROC, &none, NULL);
	(void)!prlimit(0, RLIMIT_NOFILE, &few, NULL);
}

/*
 * Landlock, as linux/landlock.h has it; the headers that one builds with are
 * often older than the kernels that one runs on.
 */
#define LANDLOCK_VERSION	1u	/* a flag: which is it? */
#define LANDLOCK_BENEATH	1	/* a rule's kind */
#define BIT(n)			((uint64_t)1 << (n))
#define READING			(BIT(2) | BIT(3))	/* file, folder */
/* A file: to write, remove, make, move between folders, cut short; a folder:
   to make. */
#define KEEPING			(BIT(1) | BIT(5) | BIT(7) | BIT(8) | \
				BIT(13) | BIT(14))
#define TCP			(BIT(0) | BIT(1))	/* bind, connect */
#define OUTSIDE			(BIT(0) | BIT(1))	/* @names, signals */

struct landlock_rules {
	uint64_t files;
	uint64_t network;
	uint64_t scopes;
};

struct landlock_beneath {
	uint64_t allowed;
	int32_t folder;
} __attribute__((packed));

/* All the rights that a version knows and reading does not need. */
static void
rules_of(long version, bool network, struct landlock_rules *r)
{
	long kinds = version < 4 ? 12 + version : version < 5 ? 15 : 16;

	r->files = (BIT(kinds) - 1) & ~READING;
	r->network = version >= 4 && !network ? TCP : 0;
	r->scopes = version >= 6 ? OUTSIDE : 0;
}

/* If it is not there nothing is writable. */
static void
allow_beneath(int rules_fd, const char *folder, uint64_t allowed)
{
	struct landlock_beneath b = { .allowed = allowed };

	b.folder = open(folder, O_PATH | O_CLOEXEC);
	syscall(SYS_landlock_add_rule, rules_fd, LANDLOCK_BENEATH, &b, 0);
	port_close(b.folder);
}

static bool
wall_files(const struct port_jail *j)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_VERSION);
	struct landlock_rules r;
	bool is_up;
	int fd;

	if (version < 1)
		return false;
	rules_of(version, j->network, &r);
	fd = (int)syscall(SYS_landlock_create_ruleset, &r, sizeof r, 0);
	if (fd >= 0 && j->writable != NULL)
		allow_beneath(fd, j->writable, r.files & KEEPING);
	is_up = fd >= 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	port_close(fd);
	return is_up;
}

enum rc
port_jail(const struct port_jail *j, struct buf *lacks)
{
	if (syscall(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		lack(lacks, "no_new_privs");
	TRY(give_up_root(j->uid, lacks));
	set_limits();
	if (!wall_files(j))
		lack(lacks, "Landlock");
	if (!port_filter_calls(j))
		lack(lacks, "seccomp");
	return RC_OK;
}

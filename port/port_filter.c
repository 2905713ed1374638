/*
 * port_filter.c - which system calls are left to a process behind walls.
 *
 * What port/ and musl's functions under it may ask of any kernel is allowed:
 * the names that an architecture has not drop out, and of calls that carry
 * times both forms are there, since musl tries the newer one first.  All others
 * are "not implemented", so that nothing dies of a call that a later libc tries
 * before it falls back on an older one.  Calls of another architecture's
 * convention, whose numbers mean something else, end the process.
 *
 * A call that is missing here shows as ENOSYS in `strace -f`.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "port_int.h"

#if defined(__x86_64__)
#define OUR_ARCH	AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH	AUDIT_ARCH_AARCH64
#elif defined(__mips__) && BYTE_ORDER == BIG_ENDIAN
#define OUR_ARCH	AUDIT_ARCH_MIPS
#elif defined(__mips__)
#define OUR_ARCH	AUDIT_ARCH_MIPSEL
#elif defined(__i386__)
#define OUR_ARCH	AUDIT_ARCH_I386
#elif defined(__arm__)
#define OUR_ARCH	AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCH	AUDIT_ARCH_RISCV64
#elif defined(__powerpc__) && !defined(__powerpc64__)
#define OUR_ARCH	AUDIT_ARCH_PPC
#else
#define OUR_ARCH	0		/* what does the kernel call it? */
#endif

/* What sanitizers do behind our back; no part of the product. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define IS_SANITIZED
#endif
#endif

/* Numbers of the o32 convention begin at 4000; none of any is beyond. */
typedef uint16_t call_t;

/* The most frequent first: they are compared one by one. */
static const call_t always[] = {
	SYS_read, SYS_write,
#ifdef SYS_poll
	SYS_poll,
#endif
#ifdef SYS_ppoll
	SYS_ppoll,
#endif
#ifdef SYS_ppoll_time64
	SYS_ppoll_time64,
#endif
	/* Time; seldom asked where the kernel maps a clock into processes. */
#ifdef SYS_clock_gettime
	SYS_clock_gettime,
#endif
#ifdef SYS_clock_gettime32
	SYS_clock_gettime32,
#endif
#ifdef SYS_clock_gettime64
	SYS_clock_gettime64,
#endif
#ifdef SYS_gettimeofday
	SYS_gettimeofday,
#endif
#ifdef SYS_gettimeofday_time32
	SYS_gettimeofday_time32,
#endif
#ifdef SYS_nanosleep
	SYS_nanosleep,
#endif
#ifdef SYS_clock_nanosleep
	SYS_clock_nanosleep,
#endif
#ifdef SYS_clock_nanosleep_time32
	SYS_clock_nanosleep_time32,
#endif
#ifdef SYS_clock_nanosleep_time64
	SYS_clock_nanosleep_time64,
#endif
	/* A wait goes on by this after the process was stopped. */
	SYS_restart_syscall,

	/* Sockets; socket() itself is looked at more closely below. */
	SYS_connect, SYS_bind, SYS_getsockname, SYS_getsockopt,
	SYS_setsockopt, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg,
	SYS_shutdown,

	/* Files, for reading, and what is ours. */
	SYS_close, SYS_pread64, SYS_pwrite64, SYS_getdents64, SYS_munmap,
	SYS_madvise, SYS_memfd_create,
#ifdef SYS_lseek
	SYS_lseek,
#endif
#ifdef SYS__llseek
	SYS__llseek,
#endif
#ifdef SYS_fcntl
	SYS_fcntl,
#endif
#ifdef SYS_fcntl64
	SYS_fcntl64,
#endif
#ifdef SYS_stat
	SYS_stat, SYS_fstat, SYS_lstat,
#elif defined(SYS_fstat)
	SYS_fstat,
#endif
#ifdef SYS_stat64
	SYS_stat64, SYS_fstat64, SYS_lstat64,
#endif
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_fstatat64
	SYS_fstatat64,
#endif
	SYS_statx,
#ifdef SYS_access
	SYS_access,
#endif
	SYS_faccessat,
#ifdef SYS_readlink
	SYS_readlink,
#endif
	SYS_readlinkat,

	/* The process. */
	SYS_getrandom, SYS_getpid, SYS_getuid, SYS_geteuid, SYS_uname,
#ifdef SYS_getuid32
	SYS_getuid32, SYS_geteuid32,
#endif
	SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_exit, SYS_exit_group,
#ifdef IS_SANITIZED
	SYS_sigaltstack, SYS_gettid, SYS_futex, SYS_sched_yield,
#endif
};

/* Where there is a folder that we may write to. */
static const call_t writing[] = {
	SYS_fsync, SYS_fchmod, SYS_fchown,
#ifdef SYS_fchown32
	SYS_fchown32,
#endif
#ifdef SYS_rename
	SYS_rename,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
	SYS_renameat2,
#ifdef SYS_unlink
	SYS_unlink,
#endif
	SYS_unlinkat,
#ifdef SYS_mkdir
	SYS_mkdir,
#endif
	SYS_mkdirat,
};

/*
 * Calls that depend on one argument: allowed if it, masked, is `value`.  All
 * rows of a call stand together; if none fits, it is EACCES.
 */
struct row {
	call_t call;
	uint8_t argument;
	enum { FOR_ALL, FOR_NETWORK, FOR_WRITING, FOR_NO_WRITING } when;
	uint32_t mask;
	uint32_t value;
};

/* O_TMPFILE, too, cannot be had without one of the first two. */
#define CHANGES		(O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

static const struct row rows[] = {
	{ SYS_socket, 0, FOR_ALL, ~0u, AF_UNIX },
	{ SYS_socket, 0, FOR_NETWORK, ~0u, AF_INET },
	{ SYS_socket, 0, FOR_NETWORK, ~0u, AF_INET6 },
	{ SYS_socket, 0, FOR_NETWORK, ~0u, AF_NETLINK },
#ifdef SYS_open
	{ SYS_open, 1, FOR_NO_WRITING, CHANGES, 0 },
	{ SYS_open, 1, FOR_WRITING, 0, 0 },
#endif
	{ SYS_openat, 2, FOR_NO_WRITING, CHANGES, 0 },
	{ SYS_openat, 2, FOR_WRITING, 0, 0 },
#ifdef SYS_mmap2
	{ SYS_mmap2, 2, FOR_ALL, PROT_EXEC, 0 },
#else
	{ SYS_mmap, 2, FOR_ALL, PROT_EXEC, 0 },
#endif
	{ SYS_ioctl, 1, FOR_ALL, ~0u, SIOCOUTQNSD },
};

/* Jumps have eight bits. */
enum { PROGRAM_MAX = 255, FIRST_STEPS = 4, ROW_STEPS = 5, END_STEPS = 3 };
_Static_assert(FIRST_STEPS + COUNT(always) + COUNT(writing) +
	COUNT(rows) * ROW_STEPS + END_STEPS <= PROGRAM_MAX,
	"too many calls for a jump");

struct program {
	size_t n;
	size_t end;			/* of the whole, once it is written */
	struct sock_filter step[PROGRAM_MAX];
};

static void
put(struct program *p, unsigned code, uint32_t k, size_t yes, size_t no)
{
	p->step[p->n++] = (struct sock_filter){ (uint16_t)code,
		(uint8_t)yes, (uint8_t)no, k };
}

/* From the step that is put next to the last (1), or the one before it (2). */
static size_t
to_end(const struct program *p, size_t from_end)
{
	return p->end - from_end - p->n - 1;
}

static void
put_load(struct program *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
put_calls(struct program *p, const call_t *call, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(p, BPF_JMP | BPF_JEQ | BPF_K, call[i], to_end(p, 1), 0);
}

static bool
holds(const struct port_jail *j, const struct row *r)
{
	switch (r->when) {
	case FOR_NETWORK: return j->network;
	case FOR_WRITING: return j->writable != NULL;
	case FOR_NO_WRITING: return j->writable == NULL;
	default: return true;
	}
}

/* Of an argument, 64 bits wide for all, the lower half. */
static size_t
argument_at(unsigned n)
{
	return offsetof(struct seccomp_data, args) + n * sizeof(uint64_t) +
		(BYTE_ORDER == BIG_ENDIAN ? sizeof(uint32_t) : 0);
}

/* A row that doesn't hold keeps its length: it compares with what can't be. */
static void
put_row(struct program *p, const struct row *r, bool is_allowed, bool is_last)
{
	put_load(p, offsetof(struct seccomp_data, nr));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, r->call, 0, ROW_STEPS - 2);
	put_load(p, argument_at(r->argument));
	put(p, BPF_ALU | BPF_AND | BPF_K, is_allowed ? r->mask : 0, 0, 0);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, is_allowed ? r->value : 1,
		to_end(p, 1), is_last ? to_end(p, 2) : 0);
}

static void
put_rows(struct program *p, const struct port_jail *j)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		put_row(p, &rows[i], holds(j, &rows[i]),
			i + 1 == COUNT(rows) ||
			rows[i + 1].call != rows[i].call);
}

static void
write_program(struct program *p, const struct port_jail *j)
{
	size_t more = j->writable != NULL ? COUNT(writing) : 0;

	p->n = 0;
	p->end = FIRST_STEPS + COUNT(always) + more + COUNT(rows) * ROW_STEPS +
		END_STEPS;
	put_load(p, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
	put(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	put_load(p, offsetof(struct seccomp_data, nr));
	put_calls(p, always, COUNT(always));
	put_calls(p, writing, more);
	put_rows(p, j);
	put(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	put(p, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES, 0, 0);
	put(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	ASSERT(p->n == p->end);
}

bool
port_filter_calls(const struct port_jail *j)
{
	struct program p;
	struct sock_fprog whole = { .filter = p.step };

	if (OUR_ARCH == 0)
		return false;
	write_program(&p, j);
	whole.len = (unsigned short)p.n;
	return syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole,
		0, 0) == 0;
}

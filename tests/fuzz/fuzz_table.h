/*
 * fuzz_table.h - the calls of the port that tables use, over a few files in
 * memory.  Included once by each harness, which so has them before any archive.
 *
 * Files are copies of their very size, so that the sanitizer sees what is read
 * behind them.  Call number fuzz_fail_at that can fail does so.
 */
#ifndef FUZZ_TABLE_H
#define FUZZ_TABLE_H

#include <stdlib.h>
#include <string.h>

#include "port.h"
#include "table.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct fuzz_file {
	const char *path;		/* NULL: none, or a draft */
	char *p;
	size_t n;
	int64_t mtime_s;
};

#define FUZZ_FILES	5
enum { FUZZ_STDIN = 0, FUZZ_TEXT, FUZZ_CDB, FUZZ_DRAFT, FUZZ_DRAFT_MORE };
static struct fuzz_file fuzz_file[FUZZ_FILES];	/* a descriptor each */
static size_t fuzz_stdin_at;
static unsigned fuzz_calls, fuzz_fail_at;
static bool fuzz_at_end;
static bool fuzz_is_open[FUZZ_FILES];	/* drafts */

#define FUZZ_LARGE	4
static unsigned fuzz_large;
#define FUZZ_BLOCKS	4096
static void *fuzz_block[FUZZ_BLOCKS];
static size_t fuzz_blocks;

static void
fuzz_put(int file, const char *path, struct span text)
{
	struct fuzz_file *f = &fuzz_file[file];

	free(f->p);
	*f = (struct fuzz_file){ .path = path, .n = text.n,
	    .p = malloc(text.n > 0 ? text.n : 1) };
	if (text.n > 0)
		memcpy(f->p, text.p, text.n);
}

/* Before each input: no files, and call number `fail_at` fails. */
static void
fuzz_begin(unsigned fail_at)
{
	for (int i = 0; i < FUZZ_FILES; i++) {
		free(fuzz_file[i].p);
		fuzz_file[i] = (struct fuzz_file){ 0 };
		HOLDS(!fuzz_is_open[i]);	/* nobody forgot a draft */
	}
	while (fuzz_blocks > 0)
		free(fuzz_block[--fuzz_blocks]);
	fuzz_stdin_at = 0;
	fuzz_calls = 0;
	fuzz_fail_at = fail_at;
}

static bool
fuzz_fails(void)
{
	fuzz_at_end = false;
	return ++fuzz_calls == fuzz_fail_at;
}

static struct fuzz_file *
fuzz_find(const char *path)
{
	for (int i = 0; i < FUZZ_FILES; i++)
		if (fuzz_file[i].path != NULL &&
		    strcmp(fuzz_file[i].path, path) == 0)
			return &fuzz_file[i];
	return NULL;
}

_Noreturn void
assert_failed(const char *file, int line)
{
	(void)file;
	(void)line;
	abort();
}

void *
port_memory(size_t bytes)
{
	static char large[FUZZ_LARGE][3 << 20];
	void *p;

	if (fuzz_fails() || fuzz_blocks == FUZZ_BLOCKS)
		return NULL;
	/* Nobody needs zeros in so much; making them takes milliseconds. */
	if (bytes > 1 << 20 && bytes <= sizeof(large[0]))
		return large[fuzz_large++ % FUZZ_LARGE];
	p = calloc(1, bytes);
	HOLDS(p != NULL);
	fuzz_block[fuzz_blocks++] = p;
	return p;
}

void
port_memory_forget(void *p, size_t bytes)
{
	memset(p, 0x5a, bytes);
}

enum rc
port_open(const char *path, int *out)
{
	const struct fuzz_file *f = fuzz_find(path);

	if (fuzz_fails())
		return RC_OS;
	if (f == NULL)
		return RC_NONE;
	*out = (int)(f - fuzz_file);
	return RC_OK;
}

void
port_close(int fd)
{
	HOLDS(fd < FUZZ_FILES);
}

static void
fuzz_stat(const struct fuzz_file *f, struct port_stat *out)
{
	*out = (struct port_stat){
		.size = (int64_t)f->n,
		.mtime_s = f->mtime_s,
		.mode = 0644,
		.is_file = true,
	};
}

enum rc
port_stat_fd(int fd, struct port_stat *out)
{
	if (fuzz_fails())
		return RC_OS;
	fuzz_stat(&fuzz_file[fd], out);
	return RC_OK;
}

enum rc
port_stat_path(const char *path, struct port_stat *out)
{
	const struct fuzz_file *f = fuzz_find(path);

	if (fuzz_fails())
		return RC_OS;
	if (f == NULL)
		return RC_NONE;
	fuzz_stat(f, out);
	return RC_OK;
}

enum rc
port_pread(int fd, void *out, size_t n, int64_t at, size_t *got)
{
	const struct fuzz_file *f = &fuzz_file[fd];
	size_t left = (size_t)at < f->n ? f->n - (size_t)at : 0;

	if (fuzz_fails())
		return RC_OS;
	*got = n < left ? n : left;
	if (*got > 0)
		memcpy(out, f->p + at, *got);
	return RC_OK;
}

enum rc
port_read(int fd, void *out, size_t n, ms_t until, size_t *got)
{
	const struct fuzz_file *f = &fuzz_file[fd];
	size_t left = f->n - fuzz_stdin_at;

	(void)until;
	if (fuzz_fails())
		return RC_OS;
	fuzz_at_end = left == 0;
	if (left == 0)
		return RC_GONE;
	*got = n < left ? n : left;
	*got = *got < 100 ? *got : 100;
	memcpy(out, f->p + fuzz_stdin_at, *got);
	fuzz_stdin_at += *got;
	return RC_OK;
}

enum rc
port_map(const char *path, struct span *out)
{
	const struct fuzz_file *f = fuzz_find(path);

	if (fuzz_fails())
		return RC_OS;
	if (f == NULL)
		return RC_NONE;
	*out = (struct span){ f->p, f->n };
	return RC_OK;
}

enum rc
port_draft_open(const char *path, struct port_draft *out)
{
	(void)path;
	if (fuzz_fails())
		return RC_OS;
	out->fd = fuzz_is_open[FUZZ_DRAFT] ? FUZZ_DRAFT_MORE : FUZZ_DRAFT;
	HOLDS(!fuzz_is_open[out->fd]);
	fuzz_is_open[out->fd] = true;
	fuzz_put(out->fd, NULL, (struct span){ NULL, 0 });
	return RC_OK;
}

void
port_draft_drop(struct port_draft *d)
{
	HOLDS(fuzz_is_open[d->fd]);
	fuzz_is_open[d->fd] = false;
}

enum rc
port_append(int fd, struct span data)
{
	struct fuzz_file *f = &fuzz_file[fd];

	if (fuzz_fails())
		return RC_OS;
	f->p = realloc(f->p, f->n + data.n + 1);
	memcpy(f->p + f->n, data.p, data.n);
	f->n += data.n;
	return RC_OK;
}

enum rc
port_write_at(int fd, struct span data, int64_t at)
{
	HOLDS((size_t)at + data.n <= fuzz_file[fd].n);
	if (fuzz_fails())
		return RC_OS;
	memcpy(fuzz_file[fd].p + at, data.p, data.n);
	return RC_OK;
}

enum rc
port_draft_publish(struct port_draft *d, const char *path, unsigned mode,
	int like)
{
	struct fuzz_file *f = &fuzz_file[d->fd];

	(void)path;
	(void)mode;
	(void)like;
	HOLDS(fuzz_is_open[d->fd]);
	fuzz_is_open[d->fd] = false;
	if (fuzz_fails())
		return RC_OS;
	fuzz_put(FUZZ_CDB, "/t.cdb", (struct span){ f->p, f->n });
	return RC_OK;
}

const char *
port_error(void)
{
	return "Input/output error";
}

bool
port_error_is_end(void)
{
	return fuzz_at_end;
}

int64_t
port_wall(void)
{
	return 1000000;
}

uint32_t
port_random_u32(void)
{
	return fuzz_calls * 2654435761u;
}

const char *
port_getenv(const char *name)
{
	return name[0] == 'a' ? "value" : NULL;
}

unsigned
port_pid(void)
{
	return 1;
}

void
port_err(struct span text)
{
	HOLDS(text.n > 0);
}

void
port_syslog(int facility, enum port_level level, struct span tag,
	struct span text)
{
	(void)facility;
	(void)level;
	HOLDS(tag.n > 0 && text.n > 0);
}

#endif

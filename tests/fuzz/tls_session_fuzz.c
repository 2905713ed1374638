/*
 * tls_session_fuzz.c - any octets as the file of sessions.
 *
 * The first octet says whether digest and mark are made to fit; then the first
 * key of the file is looked for, another session kept, and the first forgotten.
 * The file is sound afterwards, and holds what it should.
 *
 * covers: src/tls_session.c take_number take_bytes take_record is_fresh is_of
 * covers: src/tls_session.c path_text is_private read_fd is_sound set_aside
 * covers: src/tls_session.c load save sift change find_filed held
 * covers: src/tls_session.c session_find session_keep session_forget
 * covers: src/tls_session.c put_number put_bytes put_record
 */
#include <stdlib.h>

#include "../unit/tls_world.h"

#define HOLDS(x)	do { if (!(x)) abort(); } while (0)
#define CACHE		"/tmp/c"
#define MARK		"postern sessions 2\n"
#define HEAD		(sizeof(MARK) - 1 + 32)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { FITS = 1, READABLE = 2, FULL = 4, EARLY = 8 };

static unsigned char file[SESSION_ROOM + 10];

static size_t
make_file(const uint8_t *data, size_t n, bool fits)
{
	size_t head = fits ? HEAD : 0;
	br_sha256_context h;

	if (n > sizeof(file) - head)
		n = sizeof(file) - head;
	if (n > 0)
		memcpy(file + head, data, n);
	if (!fits)
		return n;
	memcpy(file, MARK, sizeof(MARK) - 1);
	br_sha256_init(&h);
	br_sha256_update(&h, file + HEAD, n);
	br_sha256_out(&h, file + HEAD - 32);
	return HEAD + n;
}

/* A new worker, who knows but the file. */
static bool
finds(const unsigned char *key, struct session *out)
{
	static char room[SESSION_ROOM];

	begin_worker();
	HOLDS(session_is_wanted(&w.tls));
	return session_find(&w.tls, key, room, out);
}

static void
try_all(const unsigned char *key, bool is_used)
{
	static char room[SESSION_ROOM];
	struct session got, own = { .ssl.session_id_len = 7,
	    .ssl.version = 0x303, .trust = TLS_TRUSTED };

	if (finds(key, &got)) {
		HOLDS(memcmp(got.key, key, SESSION_KEY) == 0);
		HOLDS(got.ssl.session_id_len > 0);
		HOLDS(got.ssl.session_id_len <= 32);
		HOLDS(got.made_s <= port_wall());
	}
	own.made_s = port_wall();
	memset(own.key, 0xab, sizeof(own.key));
	session_keep(&w.tls, &own, room);
	session_forget(&w.tls, key, room);
	if (!is_used || memcmp(key, own.key, SESSION_KEY) == 0)
		return;
	HOLDS(!finds(key, &got));
	HOLDS(finds(own.key, &got));
	HOLDS(memcmp(&got.ssl, &own.ssl, sizeof(got.ssl)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static unsigned char key[SESSION_KEY];
	unsigned how;
	size_t bytes;

	if (n == 0)
		return 0;
	how = data[0];
	sim_begin();
	begin();
	w.set.tls_session_cache_database = SPAN("btree:" CACHE);
	w.set.tls_session_cache_timeout = HOUR;
	bytes = make_file(data + 1, n - 1, how & FITS);
	sim_file_bytes(CACHE, file, bytes);
	sim_file_mode(CACHE, SIM_UID, how & READABLE ? 0644 : 0600);
	if (how & FULL)
		sim_disk_limit(100);
	if (bytes >= HEAD + SESSION_KEY)
		memcpy(key, file + HEAD, SESSION_KEY);
	if (how & EARLY)
		sim_wall_jump(-SIM_WALL / 2);
	try_all(key, !(how & (READABLE | FULL)) && bytes < SESSION_ROOM);
	HOLDS(sim_open_fds() == 0);
	return 0;
}

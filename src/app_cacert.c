/*
 * app_cacert.c - make the index of a file of trusted certificates.
 *
 *	cacert [-q] FILE
 *
 * FILE is what smtp_tls_CAfile names: certificates in PEM.  Beside it comes
 * FILE.cdb, in which a search takes a hundredth of the time.  It is used as
 * long as FILE is not newer; run this again whenever FILE has changed, as the
 * package of a system's certificates would from a hook.
 *
 * Entries that can't be used are left out, each with a warning that names its
 * line.  On any fault the index that was there stays.
 */
#include "applet.h"
#include "port.h"
#include "tls.h"

#define WHY_MAX		1280	/* paths are in it */

static int
code_of(enum rc rc)
{
	return rc == RC_OS ? EXIT_CANT_CREATE :
	    rc == RC_FULL ? EXIT_LATER : EXIT_DATA;
}

static int
report(const struct app *app, const struct tls_index *made)
{
	char text[WHY_MAX];
	struct buf b = BUF(text);

	buf_fmt(&b, "%s.cdb: certificates %u; left out: duplicates %u, "
	    "bad entries %u\n", app->argv[0], made->certificates,
	    made->duplicates, made->bad);
	return app_print(app, buf_span(&b)) ? EXIT_OK : EXIT_CANT_CREATE;
}

int
app_cacert(struct app *app)
{
	char text[WHY_MAX];
	struct buf why = BUF(text);
	struct tls_index made;
	const char *value;
	bool is_quiet = false;
	enum rc rc;
	int c;

	while ((c = app_option(app, "q", &value)) != 0) {
		if (c == APP_HELP)
			return app_help(app);
		if (c != 'q')
			return app_usage(app, "%s is not understood", value);
		is_quiet = true;
	}
	if (app->argc != 1)
		return app_usage(app, "which file of certificates?");
	app->log.to_syslog = false;	/* somebody is looking */
	rc = tls_index_make(app->argv[0], &app->log, &made, &why);
	if (rc == RC_OK)
		return is_quiet ? EXIT_OK : report(app, &made);
	app_say(app, "%s", buf_text(&why));
	return code_of(rc);
}

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

int
app_cacert(struct app *app)
{
	char *text = app_start(app, WHY_MAX, "q", NULL);
	struct tls_index made;
	struct buf why;
	enum rc rc;

	if (text == NULL)
		return app->code;
	if (app->argc != 1)
		return app_usage(app, "which file of certificates?");
	buf_init(&why, text, WHY_MAX);
	app->log.to_syslog = false;	/* somebody is looking */
	rc = tls_index_make(app->argv[0], &app->log, &made, &why);
	if (rc == RC_OK) {
		if (app_given(app, 'q') == NULL)
			buf_fmt(app_out(app), "%s.cdb: certificates %u; left"
			    " out: duplicates %u, bad entries %u\n",
			    app->argv[0], made.certificates, made.duplicates,
			    made.bad);
		return EXIT_OK;
	}
	app_say(app, "%s", buf_text(&why));
	return rc == RC_OS ? EXIT_CANT_CREATE :
	    rc == RC_FULL ? EXIT_LATER : EXIT_DATA;
}

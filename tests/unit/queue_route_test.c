/*
 * queue_route_test.c - the rules of transport(5) and of the parameters, a row
 * for each.
 */
#include <stdlib.h>

#include "queue_world.h"

static struct queue_routes *routes;
static char route_room[QUEUE_ROUTE_MAX], why_room[512];
static const char *sender;

/* Settings as they are without main.cf, as far as routing reads them. */
static void
begin(void)
{
	struct settings *set = &qw.param.set;

	queue_world();
	set->myhostname = SPAN("here.example");
	set->myorigin = SPAN("here.example");
	set->mydestination = SPAN("here.example, localhost");
	set->local_transport = SPAN("local:here.example");
	set->default_transport = SPAN("smtp");
	set->relay_transport = SPAN("relay");
	set->empty_address_recipient = SPAN("MAILER-DAEMON");
	set->empty_address_relayhost_maps_lookup_key = SPAN("<>");
	set->empty_address_default_transport_maps_lookup_key = SPAN("<>");
	set->recipient_delimiter = SPAN("+");
	set->parent_domain_matches_subdomains = SPAN("relay_domains");
	set->inet_interfaces = SPAN("all");
	assert_int_equal(queue_open(&qw.q, &qw.param, &qw.log), RC_OK);
	sender = "me@here.example";
}

static enum rc
route_of(const char *rcpt)
{
	struct buf route = BUF(route_room), why = BUF(why_room);
	enum rc rc;

	routes = calloc(1, queue_routes_bytes());
	assert_int_equal(queue_routes_open(routes, &qw.q), RC_OK);
	rc = queue_route(routes, span_of(sender), span_of(rcpt), &route, &why);
	queue_routes_close(routes);
	free(routes);
	buf_text(&route);
	buf_text(&why);
	return rc;
}

static void
goes(const char *rcpt, const char *where)
{
	assert_int_equal(route_of(rcpt), RC_OK);
	assert_string_equal(route_room, where);
}

#define SET(name, text)	qw.param.set.name = SPAN(text)

SIM_TEST(mail_for_others_goes_to_their_domain)
{
	begin();
	goes("a@dest.example", "smtp:dest.example");
	goes("a@[192.0.2.9]", "smtp:[192.0.2.9]");
	goes("\"a@b\"@dest.example", "smtp:dest.example");
}

SIM_TEST(mail_for_this_machine_is_local)
{
	begin();
	sim_own_address("192.0.2.1");
	sim_own_address("2001:db8::1");
	goes("a@here.example", "local:here.example");
	goes("a@LOCALHOST", "local:here.example");
	goes("a", "local:here.example");
	goes("a@[192.0.2.1]", "local:here.example");
	goes("a@[IPv6:2001:db8::1]", "local:here.example");
	goes("a@[127.0.0.1]", "local:here.example");
	goes("a@sub.here.example", "smtp:sub.here.example");
	SET(mydestination, "");
	SET(relayhost, "[mx.example]");
	goes("root@here.example", "smtp:[mx.example]");
	SET(mydestination, ".here.example");
	goes("a@sub.here.example", "local:here.example");
	SET(mydestination, "!x.example, static:all");
	goes("a@x.example", "smtp:[mx.example]");
	goes("a@y.example", "local:here.example");
}

SIM_TEST(own_addresses_are_those_of_inet_interfaces)
{
	begin();
	sim_own_address("192.0.2.1");
	SET(inet_interfaces, "192.0.2.7, [2001:db8::7]");
	SET(proxy_interfaces, "198.51.100.1");
	goes("a@[192.0.2.1]", "smtp:[192.0.2.1]");
	goes("a@[192.0.2.7]", "local:here.example");
	goes("a@[IPv6:2001:db8::7]", "local:here.example");
	goes("a@[198.51.100.1]", "local:here.example");
}

SIM_TEST(local_transport_may_be_another)
{
	begin();
	SET(local_transport, "lmtp:unix:/run/lmtp");
	goes("a@here.example", "lmtp:unix:/run/lmtp");
	SET(local_transport, "smtp");
	goes("a@localhost", "smtp:localhost");
	SET(local_transport, "error:5.1.1 no local mail");
	goes("a@localhost", "error:5.1.1 no local mail");
	SET(relayhost, "[mx.example]");
	SET(local_transport, "error");
	goes("a@localhost", "error:mail for localhost is not sent from here "
	    "(transport \"error\")");
}

SIM_TEST(a_domain_of_aliases_has_no_other_recipients)
{
	begin();
	SET(virtual_alias_domains, "va.example");
	SET(relay_domains, "va.example");
	goes("a@va.example",
	    "error:5.1.1 User unknown in virtual alias table");
	goes("a@sub.va.example", "relay:sub.va.example");
}

SIM_TEST(relay_domains_have_their_own_transport)
{
	begin();
	SET(relay_domains, "relay.example");
	goes("a@relay.example", "relay:relay.example");
	goes("a@sub.relay.example", "relay:sub.relay.example");
	SET(relayhost, "[mx.example]:587");
	goes("a@relay.example", "relay:[mx.example]:587");
	SET(relay_transport, "smtp:[inner.example]");
	goes("a@relay.example", "smtp:[inner.example]");
	SET(sender_dependent_default_transport_maps, "static:lmtp:x");
	goes("a@relay.example", "smtp:[inner.example]");
}

SIM_TEST(relayhost_takes_the_place_of_the_domain)
{
	begin();
	SET(relayhost, "[a.example], [b.example]");
	goes("a@dest.example", "smtp:[a.example], [b.example]");
	SET(default_transport, "smtp:[c.example]:26");
	goes("a@dest.example", "smtp:[c.example]:26");
}

SIM_TEST(a_sender_may_have_a_relayhost)
{
	begin();
	SET(relayhost, "[mx.example]");
	SET(sender_dependent_relayhost_maps, "inline:{ me@here.example=[one] "
	    "@two.example=[two] a@two.example=DUNNO <>=[null] "
	    "x@y.example=[three] }");
	goes("a@d.example", "smtp:[one]");
	sender = "b@two.example";
	goes("a@d.example", "smtp:[two]");
	sender = "a@two.example";
	goes("a@d.example", "smtp:[mx.example]");
	sender = "x+ext@y.example";
	goes("a@d.example", "smtp:[three]");
	sender = "";
	goes("a@d.example", "smtp:[null]");
	SET(empty_address_relayhost_maps_lookup_key, "x@y.example");
	goes("a@d.example", "smtp:[three]");
	sender = "other@else.example";
	goes("a@d.example", "smtp:[mx.example]");
	SET(default_transport, "smtp:[hop]");
	sender = "me@here.example";
	goes("a@d.example", "smtp:[hop]");
}

SIM_TEST(a_sender_may_have_a_transport)
{
	begin();
	SET(relayhost, "[mx.example]");
	SET(default_transport, "smtp:[hop]");
	SET(sender_dependent_default_transport_maps,
	    "inline:{ me@here.example=relay:[one] @two.example=lmtp "
	    "{ <>=error:no notices } a@two.example=dunno }");
	goes("a@d.example", "relay:[one]");
	sender = "b@two.example";
	goes("a@d.example", "lmtp:[mx.example]");
	sender = "a@two.example";
	goes("a@d.example", "smtp:[hop]");
	sender = "";
	goes("a@d.example", "error:no notices");
	goes("a@here.example", "local:here.example");
}

SIM_TEST(a_transport_table_decides_for_a_recipient)
{
	begin();
	SET(relayhost, "[mx.example]");
	SET(transport_maps, "inline:{ u+e@d.example=smtp:[1] "
	    "u@d.example=smtp:[2] d.example=smtp:[3] .d.example=smtp:[4] "
	    ".e.example=smtp:[5] here.example=relay:[6] "
	    "MAILER-DAEMON@here.example=smtp:[7] }");
	goes("u+e@d.example", "smtp:[1]");
	goes("u+f@d.example", "smtp:[2]");
	goes("u@d.example", "smtp:[2]");
	goes("v@D.example", "smtp:[3]");
	goes("u@a.b.d.example", "smtp:[4]");
	goes("u@e.example", "smtp:[mx.example]");
	goes("u@x.e.example", "smtp:[5]");
	goes("u@here.example", "relay:[6]");
	goes("", "smtp:[7]");
}

SIM_TEST(a_star_is_any_recipient)
{
	begin();
	SET(relayhost, "[mx.example]");
	SET(transport_maps, "inline:{ my.example=: .my.example=: "
	    "*=smtp:[out] }");
	goes("a@my.example", "smtp:[mx.example]");
	goes("a@sub.my.example", "smtp:[mx.example]");
	goes("a@d.example", "smtp:[out]");
	goes("a@here.example", "smtp:[out]");
}

SIM_TEST(what_a_transport_table_leaves_out_stays)
{
	begin();
	SET(relayhost, "[mx.example]");
	SET(transport_maps, "inline:{ a.example=relay: b.example=:[b] "
	    "c.example=lmtp d.example=error: e.example=error:4.2.1_wait }");
	goes("u@a.example", "relay:a.example");
	goes("u@b.example", "smtp:[b]");
	goes("u@c.example", "lmtp:c.example");
	goes("u@d.example", "error:mail for d.example is not sent from here "
	    "(transport \"error\")");
	goes("u@e.example", "error:4.2.1_wait");
}

SIM_TEST(parents_match_without_a_dot_where_it_is_wanted)
{
	struct arena a;
	static char room[65536];
	struct param_from from = { .is_bare = true, .options =
		(const char *const[]){
		"parent_domain_matches_subdomains = transport_maps",
		"transport_maps = inline:{ d.example=smtp:[1] "
		".e.example=smtp:[2] }", "relay_domains = r.example",
		"mydestination = here.example",
		"mail_owner = 1000", "queue_directory = " QUEUE },
		.options_n = 6, .program = "qmgr" };
	struct buf why = BUF(why_room);

	begin();
	arena_init(&a, room, sizeof(room));
	from.log = &qw.log;
	assert_int_equal(param_load(&qw.param, &from, &a, &why), RC_OK);
	goes("u@d.example", "smtp:[1]");
	goes("u@x.y.d.example", "smtp:[1]");
	goes("u@x.e.example", "smtp:x.e.example");
	goes("u@r.example", "relay:r.example");
	goes("u@x.r.example", "smtp:x.r.example");
}

SIM_TEST(patterns_see_the_whole_address_once)
{
	begin();
	SET(transport_maps, "regexp:/tmp/t");
	sim_file("/tmp/t", "/^u\\+e@d\\.example$/ smtp:[1]\n"
	    "/^d\\.example$/ smtp:[2]\n/^\\*$/ smtp:[3]\n");
	goes("u+e@d.example", "smtp:[1]");
	goes("u+f@d.example", "smtp:d.example");
}

SIM_TEST(a_table_that_cannot_be_asked_means_later)
{
	static const size_t maps[] = {
#define AT(field)	offsetof(struct settings, field)
		AT(transport_maps), AT(mydestination), AT(relay_domains),
		AT(virtual_alias_domains), AT(sender_dependent_relayhost_maps),
		AT(sender_dependent_default_transport_maps)
	};
	static const char *const names[] = { "transport_maps", "mydestination",
		"relay_domains", "virtual_alias_domains",
		"sender_dependent_relayhost_maps",
		"sender_dependent_default_transport_maps" };

	for (size_t i = 0; i < COUNT(maps); i++) {
		begin();
		*(struct span *)((char *)&qw.param.set + maps[i]) =
		    SPAN("fail:x");
		assert_int_equal(route_of("a@dest.example"), RC_TIME);
		assert_non_null(strstr(why_room, names[i]));
		sim_begin();
	}
}

SIM_TEST(a_transport_that_is_none_keeps_the_mail)
{
	begin();
	SET(default_transport, "uucp:host");
	assert_int_equal(route_of("a@dest.example"), RC_DENY);
	assert_non_null(strstr(why_room, "there is no transport \"uucp\""));
	SET(default_transport, "smtp");
	SET(transport_maps, "inline:{ d.example=smtp.example }");
	assert_int_equal(route_of("a@d.example"), RC_DENY);
}

SIM_TEST(a_next_hop_too_long_keeps_the_mail)
{
	static char many[300];

	begin();
	memset(many, 'x', sizeof(many));
	qw.param.set.relayhost = (struct span){ many, sizeof(many) };
	assert_int_equal(route_of("a@dest.example"), RC_DENY);
	qw.param.set.relayhost.n = 253;
	assert_int_equal(route_of("a@dest.example"), RC_DENY);
	qw.param.set.relayhost.n = 250;
	assert_int_equal(route_of("a@dest.example"), RC_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		SIM_RUN(mail_for_others_goes_to_their_domain),
		SIM_RUN(mail_for_this_machine_is_local),
		SIM_RUN(own_addresses_are_those_of_inet_interfaces),
		SIM_RUN(local_transport_may_be_another),
		SIM_RUN(a_domain_of_aliases_has_no_other_recipients),
		SIM_RUN(relay_domains_have_their_own_transport),
		SIM_RUN(relayhost_takes_the_place_of_the_domain),
		SIM_RUN(a_sender_may_have_a_relayhost),
		SIM_RUN(a_sender_may_have_a_transport),
		SIM_RUN(a_transport_table_decides_for_a_recipient),
		SIM_RUN(a_star_is_any_recipient),
		SIM_RUN(what_a_transport_table_leaves_out_stays),
		SIM_RUN(parents_match_without_a_dot_where_it_is_wanted),
		SIM_RUN(patterns_see_the_whole_address_once),
		SIM_RUN(a_table_that_cannot_be_asked_means_later),
		SIM_RUN(a_transport_that_is_none_keeps_the_mail),
		SIM_RUN(a_next_hop_too_long_keeps_the_mail),
	};
	return sim_main(tests, COUNT(tests));
}

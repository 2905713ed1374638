/*
 * port_addr_test.c - what the kernel says of its addresses, as far as the
 * machine of the test may not have it: odd links, and answers that are cut.
 */
#include "port_test_int.h"

#define port_own_addresses	tested_own_addresses
#define port_has_family		tested_has_family
size_t tested_own_addresses(struct ip *, size_t);
bool tested_has_family(int);
#include "../../port/port_addr.c"

/* An answer being written. */
static _Alignas(struct nlmsghdr) char part[2048];
static size_t used;

static void
put(const void *p, size_t n)
{
	assert_true(used + n <= sizeof part);
	memcpy(part + used, p, n);
	used += NLMSG_ALIGN(n);
}

static void
put_attribute(unsigned short type, const void *p, size_t n)
{
	struct rtattr a = { .rta_type = type };

	a.rta_len = (unsigned short)(sizeof a + n);
	put(&a, sizeof a);
	put(p, n);
}

static struct nlmsghdr *
start_message(uint16_t type)
{
	struct nlmsghdr h = { .nlmsg_type = type };
	size_t at = used;

	put(&h, sizeof h);
	return (struct nlmsghdr *)(void *)(part + at);
}

static void
end_message(struct nlmsghdr *h)
{
	h->nlmsg_len = (uint32_t)(part + used - (char *)h);
}

/* One address; either of local and address may be NULL. */
static void
put_address(unsigned char family, const void *local, const void *address)
{
	struct ifaddrmsg m = { .ifa_family = family, .ifa_index = 7 };
	struct nlmsghdr *h = start_message(RTM_NEWADDR);
	size_t n = family == AF_INET6 ? 16 : 4;

	put(&m, sizeof m);
	if (address != NULL)
		put_attribute(IFA_ADDRESS, address, n);
	put_attribute(IFA_LABEL, "eth0", 5);
	if (local != NULL)
		put_attribute(IFA_LOCAL, local, n);
	end_message(h);
}

static struct found
take_all(struct ip *out, size_t most, enum rc expected)
{
	struct found f = { .out = out, .most = most };

	assert_int_equal(port_netlink_part(part, used, take, &f), expected);
	return f;
}

static void
assert_ip(const struct ip *a, const char *text)
{
	char is[IP_TEXT_MAX];
	struct buf b = BUF(is);

	ip_put(&b, a);
	assert_string_equal(buf_text(&b), text);
}

static void
our_end_of_a_link_is_ours(void **state)
{
	static const unsigned char here[] = { 10, 0, 0, 1 };
	static const unsigned char there[] = { 10, 0, 0, 2 };
	struct ip out[4];

	(void)state;
	used = 0;
	put_address(AF_INET, here, there);
	put_address(AF_INET, NULL, there);
	put_address(AF_INET, NULL, NULL);
	put_address(AF_UNIX, here, NULL);
	assert_int_equal(take_all(out, COUNT(out), RC_OK).n, 2);
	assert_ip(&out[0], "10.0.0.1");
	assert_ip(&out[1], "10.0.0.2");
}

static void
only_link_local_addresses_have_a_scope(void **state)
{
	static const unsigned char local[16] = { 0xfe, 0xbf, [15] = 1 };
	static const unsigned char global[16] = { 0x20, 1, 0xd, 0xb8 };
	struct ip out[2];

	(void)state;
	used = 0;
	put_address(AF_INET6, NULL, local);
	put_address(AF_INET6, NULL, global);
	assert_int_equal(take_all(out, COUNT(out), RC_OK).n, 2);
	assert_int_equal(out[0].scope, 7);
	assert_int_equal(out[1].scope, 0);
}

static void
more_than_fits_is_counted(void **state)
{
	static const unsigned char here[] = { 10, 0, 0, 1 };
	struct ip out[2] = { { .family = IP_NONE } };

	(void)state;
	used = 0;
	for (int i = 0; i < 3; i++)
		put_address(AF_INET, here, NULL);
	assert_int_equal(take_all(out, 1, RC_OK).n, 3);
	assert_int_equal(out[1].family, IP_NONE);
}

static void
the_last_message_ends_it(void **state)
{
	static const unsigned char here[] = { 10, 0, 0, 1 };
	struct ip out[2];

	(void)state;
	used = 0;
	put_address(AF_INET, here, NULL);
	end_message(start_message(NLMSG_DONE));
	put_address(AF_INET, here, NULL);
	assert_int_equal(take_all(out, COUNT(out), RC_NONE).n, 1);
	used = 0;
	end_message(start_message(NLMSG_ERROR));
	assert_int_equal(take_all(out, COUNT(out), RC_NONE).n, 0);
}

/* The sanitizer watches: nothing beyond the cut is looked at. */
static void
cut_answers_are_harmless(void **state)
{
	static const unsigned char here[] = { 10, 0, 0, 1 };
	struct ip out[4];
	size_t whole;

	(void)state;
	used = 0;
	put_address(AF_INET, here, here);
	put_address(AF_INET, here, here);
	whole = used;
	for (size_t n = 0; n <= whole; n++) {
		void *copy = malloc(n + 1);
		struct found f = { .out = out, .most = COUNT(out) };

		memcpy(copy, part, n);
		assert_int_equal(port_netlink_part(copy, n, take, &f), RC_OK);
		assert_int_equal(f.n, n / (whole / 2));
		free(copy);
	}
}

static void
attributes_end_with_their_message(void **state)
{
	static const unsigned char here[] = { 10, 0, 0, 1 };
	struct nlmsghdr h;
	struct ip out[1];

	(void)state;
	used = 0;
	put_address(AF_INET, here, NULL);
	memcpy(&h, part, sizeof h);
	for (uint32_t n = (uint32_t)used; n >= sizeof h; n--) {
		struct found f = { .out = out, .most = COUNT(out) };
		char *copy = malloc(n);

		h.nlmsg_len = n;
		memcpy(copy, part, n);
		memcpy(copy, &h, sizeof h);
		assert_int_equal(port_netlink_part(copy, n, take, &f), RC_OK);
		assert_int_equal(f.n, n == used);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_end_of_a_link_is_ours),
		cmocka_unit_test(only_link_local_addresses_have_a_scope),
		cmocka_unit_test(more_than_fits_is_counted),
		cmocka_unit_test(the_last_message_ends_it),
		cmocka_unit_test(cut_answers_are_harmless),
		cmocka_unit_test(attributes_end_with_their_message),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}

/* test_phone.c: Indonesian phone numbers, all made up. */
#include "base/phone.h"

#include "unit.h"

static const struct {
	const char *in, *out;
} good[] = {
	{ "081200000017", "+6281200000017" },
	{ "0812-0000-0017", "+6281200000017" },
	{ "0812 0000.0017", "+6281200000017" },
	{ "+62 812-0000-0017", "+6281200000017" },
	{ "+62 (0)812 0000 0017", "+6281200000017" },
	{ "62 812 0000 0017", "+6281200000017" },
	{ "6281200000017", "+6281200000017" },
	{ "62081200000017", "+6281200000017" },
	{ "006281200000017", "+6281200000017" },
	{ "tel:+6281200000017", "+6281200000017" },
	{ "+62\xc2\xa0" "812\xc2\xa0" "0000\xc2\xa0" "0017", "+6281200000017" },
	{ "81200000017", "+6281200000017" }, /* a spreadsheet ate the zero */
	{ "0812\xe2\x80\x93" "0000\xe2\x80\x91" "0017", "+6281200000017" },
	{ "(022) 5550017", "+62225550017" },
	{ "0751-55017", "+6275155017" },
	{ "+65 6550 0017", "+6565500017" },
	{ "0065 6550 0017", "+6565500017" },
	{ "1708", "1708" },
	{ "112", "112" },
	{ "110", "110" },
	{ "1500 017", "1500017" },
	{ "14045", "14045" },
};

START_TEST(a_number_becomes_e164)
{
	char out[PHONE_SIZE];
	ck_assert_msg(phone_normalize(good[_i].in, out), "%s", good[_i].in);
	ck_assert_str_eq(out, good[_i].out);
}
END_TEST

START_TEST(a_normal_number_stays_as_it_is)
{
	char out[PHONE_SIZE];
	ck_assert(phone_normalize(good[_i].out, out));
	ck_assert_str_eq(out, good[_i].out);
}
END_TEST

static const char *const bad[] = {
	"", "-", "+", "tidak ada", "0812", "0", "00", "0812000000178888", "62812", "62112345678",
	"+0812000000", "0112345678", "08120000/0017x", "12345678", "0812+0000017", "++6281200000017",
	"+62 1 2345678", "3273010101010001", "081200000017;081200000018", "99", "+1",
	"1234567890123456789012345678901234567890",
};

START_TEST(anything_else_is_no_number)
{
	char out[PHONE_SIZE] = "x";
	ck_assert_msg(!phone_normalize(bad[_i], out), "%s became %s", bad[_i], out);
	ck_assert_str_eq(out, "x");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("phone");
	tcase_add_loop_test(t, a_number_becomes_e164, 0, COUNT_OF(good));
	tcase_add_loop_test(t, a_normal_number_stays_as_it_is, 0, COUNT_OF(good));
	tcase_add_loop_test(t, anything_else_is_no_number, 0, COUNT_OF(bad));
	return unit_run("phone", t);
}

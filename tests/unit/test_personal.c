/* test_personal.c: what is hidden in running text, and what is not. All numbers are
 * made up. */
#include "ticket/personal.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "unit.h"

struct pair {
	const char *text, *masked;
	unsigned kinds;
};

static const struct pair pairs[] = {
	{ "NIK 3273014101900001 saya", "NIK **************** saya", PERSONAL_PUBLIC },
	{ "nik:3273 0141 0190 0001.", "nik:**** **** **** ****.", PERSONAL_PUBLIC },
	{ "KK 3273.0101.0119.0002", "KK ****.****.****.****", PERSONAL_PUBLIC },
	{ "KTP saya 9999999999999999", "KTP saya ****************", PERSONAL_PUBLIC },
	{ "nomor 9999999999999999", "nomor 9999999999999999", PERSONAL_ALL },
	{ "3273014101900000", "3273014101900000", PERSONAL_IDENTITY },     /* serial 0000 */
	{ "3273017201900001", "3273017201900001", PERSONAL_IDENTITY },     /* day 72 */
	{ "3273014113900001", "3273014113900001", PERSONAL_IDENTITY },     /* month 13 */
	{ "32730141019000012", "32730141019000012", PERSONAL_IDENTITY },   /* 17 digits */
	{ "id 5571685772206594124", "id 5571685772206594124", PERSONAL_IDENTITY | PERSONAL_PHONE },
	{ "kartu 5500 0000 0000 0004", "kartu **** **** **** ****", PERSONAL_PUBLIC },
	{ "kartu 5500 0000 0000 0005", "kartu 5500 0000 0000 0005", PERSONAL_PUBLIC },
	{ "hubungi 0812-3456-7890 ya", "hubungi ****-****-**** ya", PERSONAL_ALL },
	{ "WA +62 812 3456 7890", "WA +** *** **** ****", PERSONAL_ALL },
	{ "(022) 7301234 kantor", "(***) ******* kantor", PERSONAL_ALL },
	{ "telepon 081234567890", "telepon 081234567890", PERSONAL_PUBLIC },
	{ "call center 1500123, 112", "call center 1500123, 112", PERSONAL_ALL },
	{ "surel Dayang.S+x@contoh.co.id, ya", "surel ******.*+*@******.**.**, ya", PERSONAL_ALL },
	{ "081234567890@contoh.id", "************@******.**", PERSONAL_ALL },
	{ "@dinas_pu @ 5", "@dinas_pu @ 5", PERSONAL_ALL },
	{ "No. Rek. BRI: 0123-01-012345-50-1", "No. Rek. BRI: ****-**-******-**-*", PERSONAL_ALL },
	{ "rekening 1234567890 a.n.", "rekening ********** a.n.", PERSONAL_ALL },
	{ "rekening 1234567890 a.n.", "rekening 1234567890 a.n.", PERSONAL_PUBLIC },
	{ "prekening 1234567890", "prekening 1234567890", PERSONAL_ALL },
	{ "RT 03/RW 12 No. 45, 2026-11-22, Rp 1.500.000", "RT 03/RW 12 No. 45, 2026-11-22, Rp 1.500.000",
	  PERSONAL_ALL },
	{ "22-11-2026 14.30 tiang 0042", "22-11-2026 14.30 tiang 0042", PERSONAL_ALL },
	{ "tahun 2026 3273014101900001", "tahun 2026 ****************", PERSONAL_PUBLIC },
	/* as it is written to get by */
	{ "NIK 3273  0141\xc2\xa0" "0190\xe2\x80\x93" "0001", "NIK ****  ****\xc2\xa0****\xe2\x80\x93****",
	  PERSONAL_PUBLIC },
	{ "NIK 3273\xe2\x80\x8b" "014101900001", "NIK ****\xe2\x80\x8b************", PERSONAL_PUBLIC },
	{ "hp \xef\xbc\x90\xef\xbc\x98" "1234567890", "hp ****************", PERSONAL_ALL },
	{ "hp 0812 - 3456 - 7890", "hp **** - **** - ****", PERSONAL_ALL },
	{ "hp 0812_3456_7890/0813\xe2\x80\xa2", "hp ****_****_****/0813\xe2\x80\xa2", PERSONAL_ALL },
	{ "HP O812-3456-7890", "HP ****-****-****", PERSONAL_ALL },
	{ "Nol delapan satu dua tiga empat lima enam tujuh delapan", "*** ******* **** *** **** ***** **** "
	  "**** ***** *******", PERSONAL_ALL },
	{ "hp 0812_3456_7890", "hp ****_****_****", PERSONAL_ALL },
	{ "NIK 3273\xe2\x80\x93" "0141\xe2\x80\x93" "0190\xe2\x80\x93" "0001",
	  "NIK ****\xe2\x80\x93****\xe2\x80\x93****\xe2\x80\x93****", PERSONAL_PUBLIC },
	/* no more digits than an account has at least */
	{ "rekening 12345678", "rekening ********", PERSONAL_ALL },
	{ "rek O8123456", "rek ********", PERSONAL_ALL },
	{ "rek \xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94\xef\xbc\x95\xef\xbc\x96\xef\xbc\x97\xef\xbc\x98",
	  "rek ************************", PERSONAL_ALL },
	{ "rek satu dua tiga empat lima enam tujuh 8", "rek **** *** **** ***** **** **** ***** *",
	  PERSONAL_ALL },
	{ "budi (at) contoh.id", "**** (**) ******.**", PERSONAL_ALL },
	{ "budi( at )contoh.id", "****( ** )******.**", PERSONAL_ALL },
	{ "wa saya 81234567890, 81234567890", "wa saya ***********, 81234567890", PERSONAL_ALL },
	{ "budi [at] contoh (dot) co dot id ya", "**** [**] ****** (***) ** *** ** ya", PERSONAL_ALL },
	{ "budi at contoh.com", "**** ** ******.***", PERSONAL_ALL },
	{ "\xe2\x80\x9c" "b\xc3\xb6" "di\xef\xbc\xa0" "contoh.com", "\xe2\x80\x9c********" "******.***", PERSONAL_ALL },
	/* said beside the number, before or behind it, and mistyped */
	{ "nomor induk kependudukan ibu 9999999999999999", "nomor induk kependudukan ibu ****************",
	  PERSONAL_PUBLIC },
	{ "kartu keluarga 9999999999999999", "kartu keluarga ****************", PERSONAL_PUBLIC },
	{ "NIKnya 327301410190001", "NIKnya ***************", PERSONAL_PUBLIC },
	{ "NIK 3273014101900001 2 anak", "NIK **************** 2 anak", PERSONAL_PUBLIC },
	{ "NPWP 09.254.294.3-407.000", "NPWP **.***.***.*-***.***", PERSONAL_PUBLIC },
	{ "rekeningku 1234567890", "rekeningku **********", PERSONAL_ALL },
	{ "ke 1234567890 (BCA)", "ke ********** (BCA)", PERSONAL_ALL },
	{ "ke 1234567890 a.n. Budi", "ke ********** a.n. Budi", PERSONAL_ALL },
	{ "virtual account 8077708123456789", "virtual account ****************", PERSONAL_ALL },
	{ "kartu 2221 0000 0000 0009", "kartu **** **** **** ****", PERSONAL_PUBLIC },
	{ "KKS 6013 0112 3456 7891", "KKS **** **** **** ****", PERSONAL_PUBLIC },
	{ "NIK 3273014101900001, 9999999999999999", "NIK ****************, ****************",
	  PERSONAL_PUBLIC },
	/* lists, days, hours, meters, counting */
	{ "no. 1. 32-7301 2. 410190 3. 0001", "no. 1. 32-7301 2. 410190 3. 0001", PERSONAL_ALL },
	{ "NOP 35.78.710.411.202.8049.8 atas nama", "NOP 35.78.710.411.202.8049.8 atas nama",
	  PERSONAL_ALL },
	{ "lapor 05-01-2026 13:14:15, 01 - 02 - 2026 pukul 08.30", "lapor 05-01-2026 13:14:15, 01 - 02 - 2026 "
	  "pukul 08.30", PERSONAL_ALL },
	{ "buka 08.00-16.00 2 loket", "buka 08.00-16.00 2 loket", PERSONAL_ALL },
	{ "id pelanggan 520012345678, 1234567890 an", "id pelanggan 520012345678, ********** an",
	  PERSONAL_ALL },
	{ "satu dua tiga empat lima enam tujuh delapan sembilan", "satu dua tiga empat lima enam tujuh "
	  "delapan sembilan", PERSONAL_ALL },
	{ "look at this. dot, o8 o812", "look at this. dot, o8 o812", PERSONAL_ALL },
	{ "o", "o", PERSONAL_ALL }, { "[at", "[at", PERSONAL_ALL }, { " at ", " at ", PERSONAL_ALL },
	{ "\xe2\x80", "\xe2\x80", PERSONAL_ALL }, { "0\xef\xbc", "0\xef\xbc", PERSONAL_ALL },
	{ "", "", PERSONAL_ALL },
	{ "+", "+", PERSONAL_ALL },
};

START_TEST(what_is_somebodys_is_hidden_and_nothing_else)
{
	char *text = xstrdup(pairs[_i].text);
	personal_mask(text, pairs[_i].kinds);
	ck_assert_str_eq(text, pairs[_i].masked);
	/* Nothing is left to find. */
	ck_assert_uint_eq(personal_mask(text, pairs[_i].kinds), 0);
	free(text);
}
END_TEST

static const char *const files[][2] = {
	{ "KTP 3273014101900001.jpg", "KTP xxxxxxxxxxxxxxxx.jpg" },
	{ "ktp_3273014101900001_depan.jpeg", "ktp_xxxxxxxxxxxxxxxx_depan.jpeg" },
	{ "kk-3273.0101.0119.0002.pdf", "kk-xxxx.xxxx.xxxx.xxxx.pdf" },
	{ "WA 0812-3456-7890.png", "WA xxxx-xxxx-xxxx.png" },
	{ "081234567890.jpg", "xxxxxxxxxxxx.jpg" },
	{ "dayang@contoh.id.jpg", "xxxxxx@xxxxxx.xx.jpg" },
	{ "rekening 1234567890.pdf", "rekening xxxxxxxxxx.pdf" },
	{ "IMG-20260503-WA0012.jpg", "IMG-20260503-WA0012.jpg" },
	{ "jalan rusak RT 03.jpg", "jalan rusak RT 03.jpg" },
	{ "3273014101900001", "xxxxxxxxxxxxxxxx" },
	{ ".jpg", ".jpg" }, { ".", "." }, { "", "" },
};

START_TEST(the_name_of_a_file_keeps_its_ending)
{
	char *name = xstrdup(files[_i][0]);
	personal_mask_file(name);
	ck_assert_str_eq(name, files[_i][1]);
	free(name);
}
END_TEST

static const char *const names[][3] = {
	{ "Dayang Sumbi", "Yth. Ibu DAYANG SUMBI, papan", "Yth. Ibu ****** *****, papan" },
	{ "Dayang Sumbi", "Jembatan Sumbi\xe2\x80\xa6", "Jembatan *****\xe2\x80\xa6" },
	{ "Dayang Sumbi", "\xe2\x80\x9c" "Dayang\xe2\x80\x9d\xc2\xa0sumbi",
	  "\xe2\x80\x9c******\xe2\x80\x9d\xc2\xa0*****" },
	{ "Dayang S.", "Sumbing, Kedayang, blok S", "Sumbing, Kedayang, blok S" },
	{ "Ren\xc3\xa9 (RW 5)", "untuk Ren\xc3\xa9 di RW 5", "untuk ***** di ** 5" },
	{ "", "Dayang", "Dayang" }, { NULL, "Dayang", "Dayang" }, { "Dayang", "", "" },
};

START_TEST(a_persons_name_is_hidden_word_by_word)
{
	char *text = xstrdup(names[_i][1]);
	personal_mask_name(text, names[_i][0]);
	ck_assert_str_eq(text, names[_i][2]);
	free(text);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("personal");
	tcase_add_loop_test(t, what_is_somebodys_is_hidden_and_nothing_else, 0, COUNT_OF(pairs));
	tcase_add_loop_test(t, the_name_of_a_file_keeps_its_ending, 0, COUNT_OF(files));
	tcase_add_loop_test(t, a_persons_name_is_hidden_word_by_word, 0, COUNT_OF(names));
	return unit_run("personal", t);
}

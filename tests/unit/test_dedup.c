/* test_dedup.c: decisions on complaints that are all made up, with the weights
 * that ship; and the index: window, rows, restart. */
#include "dedup_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "ticket/dedup_lines.h"
#include "unit.h"

#define DAY DEDUP_DAY
#define START DEDUP_START

static struct dedup_scene scene;

static void set_up(void)
{
	dedup_scene_start(&scene, TEST_DEDUP);
}

static void tear_down(void)
{
	dedup_scene_stop(&scene);
}

static struct dedup_answer say(const struct dedup_said *m)
{
	return dedup_scene_say(&scene, scene.index, m, NULL);
}

/* What is said of the second of two. */
static enum dedup_decision second(const struct dedup_said *a, const struct dedup_said *b)
{
	say(a);
	return say(b).decision;
}

#define FLOOD "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 " \
	"Kelurahan Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang"
#define RETOLD "got depan pasar kenanga jl wijayasari no 12 mampet, banjir kalau hujan"
#define FORM(name, village, rt) "Nama: " name "\nNIK: 32730101010100" rt "\nAlamat: " village " RT " rt \
	"/RW 02, Kec. Wanasari Baru\nKeluhan: bantuan sembako bulan ini belum cair, saldo kosong di ATM"

#define AID(name) "Tolong periksa di DTKS nama " name ", rumah di Tirtasuka RT 4 RW 6 Kec. Wanasari Baru, " \
	"pengajuan PKH setahun lalu tidak pernah dijawab petugas pendamping"
#define DARK(what, how) "gang Srikandi III mulai balai RW 7 nganti prapatan pasar Kenanga " what ", " how \
	", wis seminggu"
#define CUT(village) "Warga " village ", Kec. Wanasari Baru melapor uang BLT dipotong Rp 175.000 tiap " \
	"keluarga oleh ketua kelompok, tolong diperiksa"

static const struct {
	const char *a, *b;
	bool joined;
} pairs[] = {
	/* the same, written otherwise */
	{ FLOOD, FLOOD, true },
	{ FLOOD, "SALURAN AIR DI DEPAN PASAR KENANGA JL. WIJAYASARI NO. 12 RT 3 RW 5 KELURAHAN TIRTASUKA "
	  "TERSUMBAT SAMPAH SEJAK SEMINGGU, SETIAP HUJAN AIR MASUK KE KIOS PEDAGANG", true },
	{ FLOOD, "Selamat pagi min, tlg dibantu saluran aer di dpn pasar kenanga jln wijaya sari no 12 rt 03 rw "
	  "05 kel tirtasuka trsumbat sampah sjk seminggu stiap hujan air msuk ke kios pedagangg", true },
	{ FLOOD, "@kota_maju Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 3 RW 5 "
	  "Kelurahan Tirtasuka tersumbat sampah sejak seminggu, setiap hujan\xe2\x80\xa6 #banjir", true },
	{ FLOOD, "Judul: saluran air tersumbat\nIsi Laporan: " FLOOD "\nKategori: Saluran\nLampiran: "
	  "foto_1.jpg", true },
	/* the same but for a house, a village, a street, an RT, a name, a date */
	{ FLOOD, "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 45 RT 3 RW 5 Kelurahan "
	  "Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang", false },
	{ FLOOD, "Mohon bantuan, saluran air di depan pasar Kenanga Jl. Wijayasari No. 12 RT 9 RW 1 Kelurahan "
	  "Tirtasuka tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang", false },
	{ FLOOD, "Mohon bantuan, saluran air di depan pasar Cempaka Jl. Hargomulyo No. 12 RT 3 RW 5 Kelurahan "
	  "Sukowati tersumbat sampah sejak seminggu, setiap hujan air masuk ke kios pedagang", false },
	{ FORM("Ratna Contohwati", "Desa Sukarame", "01"), FORM("Bambang Misalnya", "Desa Tirtomoyo", "07"),
	  false },
	{ FORM("Ratna Contohwati", "Desa Sukarame", "01"), FORM("Bambang Misalnya", "Desa Sukarame", "01"),
	  false },
	/* two people with one name in common; names of as many letters; another village */
	{ AID("Wahyu Lestari"), AID("Lestari Saputra"), false },
	{ AID("Dian Wijaya"), AID("Andi Saputra"), false },
	{ AID("Wahyu Lestari"), "min " AID("wahyu lestarii") " trims", true },
	{ CUT("Sukarame"), CUT("Tirtomoyo"), false },
	{ CUT("Sukarame"), "Halo min. " CUT("sukarame"), true },
	{ "izin keramaian di lapangan Kenanga tanggal 3 Maret 2026 belum dijawab kelurahan Tirtasuka",
	  "izin keramaian di lapangan Kenanga tanggal 19 April 2026 belum dijawab kelurahan Tirtasuka", false },
	/* told in other words: the place as a whole and its nuisance; not another's, nor elsewhere */
	{ FLOOD, RETOLD, true },
	{ FLOOD, "pohon di depan pasar kenanga jl wijayasari no 12 mau tumbang", false },
	{ FLOOD, "got depan pasar cempaka jl hargomulyo no 45 mampet, banjir kalau hujan", false },
	{ FLOOD, "got mampet, banjir kalau hujan", false },
	/* Javanese, Sundanese, capitals, emoji, two languages */
	{ DARK("lampu dalan mati kabeh", "peteng ndedet"), "min " DARK("lampu dalan mati kabeh", "peteng ndedet")
	  " suwun \xf0\x9f\x99\x8f", true },
	{ DARK("lampu jalan paeh kabeh", "poek pisan"), "PUNTEN " DARK("LAMPU JALAN PAEH KABEH", "POEK PISAN"),
	  true },
	{ DARK("street light mati semua", "so dark banget"), "\xf0\x9f\x9a\xa8 " DARK("street light mati smua",
	  "so dark bgt") " pls fix \xf0\x9f\x98\xad", true },
	{ DARK("lampu dalan mati kabeh", "peteng ndedet"), "sampah numpuk ning ngarep balai RW 7, gang Srikandi "
	  "III, mambu banget", false },
	/* another matter */
	{ FLOOD, "Guru honorer di SDN Kenanga 3 belum digaji empat bulan, dinas pendidikan bilang menunggu", false },
};

START_TEST(the_words_decide)
{
	struct dedup_said a = { .text = pairs[_i].a, .phone = "081200000017", .day = 0 };
	struct dedup_said b = { .text = pairs[_i].b, .account = "warga_contoh", .day = 1 };
	enum dedup_decision d = second(&a, &b);
	ck_assert_msg((d >= DEDUP_RELATED) == pairs[_i].joined, "%s\n%s\nare %s", a.text, b.text,
		      dedup_decision_name(d));
}
END_TEST

static const struct {
	struct dedup_said a, b;
	enum dedup_decision decision;
} reporters[] = {
	/* the same phone, another phone, nobody known on one side or both */
	{ { FLOOD, NULL, "081200000017", NULL, 0 }, { FLOOD, NULL, "6281200000017", NULL, 2 }, DEDUP_REPOST },
	{ { FLOOD, NULL, "081200000017", NULL, 0 }, { FLOOD, NULL, "081300000018", NULL, 2 }, DEDUP_RELATED },
	{ { FLOOD, NULL, "081200000017", NULL, 0 }, { FLOOD, NULL, NULL, NULL, 2 }, DEDUP_REPOST },
	{ { FLOOD, NULL, NULL, NULL, 0 }, { FLOOD, NULL, "081200000017", NULL, 2 }, DEDUP_REPOST },
	{ { FLOOD, NULL, NULL, NULL, 0 }, { FLOOD, NULL, NULL, NULL, 2 }, DEDUP_REPOST },
	{ { FLOOD, NULL, "081200000017", NULL, 0 }, { FLOOD, NULL, NULL, "warga_contoh", 2 },
	  DEDUP_RELATED },
	/* the same account, another matter */
	{ { FLOOD, NULL, NULL, "warga_contoh", 0 },
	  { "Guru honorer di SDN Kenanga 3 belum digaji empat bulan", NULL, NULL, "warga_contoh", 0 },
	  DEDUP_SEPARATE },
	/* outside the window it is a new incident */
	{ { FLOOD, NULL, "081200000017", NULL, 0 }, { FLOOD, NULL, "081200000017", NULL, 31 },
	  DEDUP_SEPARATE },
	/* the location is part of it */
	{ { "lampu jalan mati sudah tiga malam", "Jalan Wijayasari 12, Kel. Tirtasuka", "081200000017", NULL, 0 },
	  { "lampu jalan mati sudah tiga malam", "Jalan Hargomulyo 80, Kel. Sukowati", "081200000017", NULL, 1 },
	  DEDUP_SEPARATE },
	/* few words without a place are no proof that the same person says them */
	{ { "air pdam mati sejak pagi", NULL, NULL, NULL, 0 }, { "air pdam mati sejak pagi", NULL, NULL, NULL, 0 },
	  DEDUP_RELATED },
	{ { "air pdam mati sejak pagi", NULL, "081200000017", NULL, 0 },
	  { "air pdam mati sejak pagi", NULL, "081200000017", NULL, 0 }, DEDUP_REPOST },
	{ { "", NULL, "081200000017", NULL, 0 }, { "", NULL, "081200000017", NULL, 0 }, DEDUP_SEPARATE },
	{ { NULL, NULL, NULL, NULL, 0 }, { NULL, NULL, NULL, NULL, 0 }, DEDUP_SEPARATE },
};

START_TEST(who_says_it_decides_between_repost_and_related)
{
	enum dedup_decision d = second(&reporters[_i].a, &reporters[_i].b);
	ck_assert_msg(d == reporters[_i].decision ||
		      (d == DEDUP_REVIEW && reporters[_i].decision == DEDUP_SEPARATE),
		      "%d: %s", _i, dedup_decision_name(d));
}
END_TEST

START_TEST(a_person_moves_and_an_erased_message_is_nobodys_candidate)
{
	struct dedup_said a = { FLOOD, NULL, "081200000017", NULL, 0 };
	say(&a);
	ck_assert(dedup_index_move(scene.index, 1, 77));
	ck_assert_uint_eq(say(&a).incident, 77);
	ck_assert(dedup_index_forget(scene.index, 1));
	ck_assert(dedup_index_forget(scene.index, 2));
	ck_assert_uint_eq(say(&a).decision, DEDUP_SEPARATE);
	ck_assert(!dedup_index_move(scene.index, 99, 1));
	ck_assert(!dedup_index_forget(scene.index, 0));
}
END_TEST

START_TEST(the_evidence_names_features_and_no_words)
{
	struct dedup_said a = { FLOOD, NULL, "081200000017", NULL, 0 };
	say(&a);
	struct dedup_answer answer = say(&a);
	char *line = dedup_explain(scene.model, &answer.candidates[0].features);
	ck_assert_ptr_nonnull(strstr(line, "order"));
	ck_assert_ptr_null(strstr(line, "enanga"));
	ck_assert_uint_eq(answer.nearest, 1);
	ck_assert(answer.score > 0.9 && answer.score <= 1);
	free(line);
}
END_TEST

/* Texts that overlap in many ways; n decides all. */
static void make_said(unsigned n, char text[600], struct dedup_said *out)
{
	static const char *const things[] = { "lampu jalan mati", "pohon tumbang menutup jalan",
		"sampah menumpuk di tepi sungai", "saluran mampet dan banjir", "aspal berlubang besar" };
	static const char *const places[] = { "Wijayasari", "Hargomulyo", "Kenanga", "Tirtasuka", "Sukowati",
		"Wanasari", "Cempakawarna" };
	static char phones[7][16];
	unsigned source = n % 3 == 2 ? n - 1 : n, r = source * 2654435761u; /* every third is a repost */
	snprintf(phones[r % 7], sizeof(phones[0]), "0812000000%02u", r % 7 + 10);
	snprintf(text, 600, "Selamat %s, %s di jalan %s no %u RT %u dekat pasar %s, sudah %u hari belum ada "
		 "tindakan. Terima kasih atas perhatian bapak dan ibu petugas dinas",
		 n % 3 == 2 ? "malam" : "pagi", things[r / 7 % 5],
		 places[r / 35 % 7], r / 256 % 6 + 1, r / 2048 % 3 + 1, places[r / 8192 % 7], r % 5 + 2);
	*out = (struct dedup_said){ .text = text, .phone = r % 3 == 0 ? phones[r % 7] : NULL, .day = n / 40 };
}

static bool same_answer(const struct dedup_answer *a, const struct dedup_answer *b)
{
	if (a->decision != b->decision || a->incident != b->incident || a->nearest != b->nearest ||
	    a->count != b->count || memcmp(&a->score, &b->score, sizeof(a->score)) != 0)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->candidates[i].id != b->candidates[i].id ||
		    memcmp(a->candidates[i].features.value, b->candidates[i].features.value,
			   sizeof(a->candidates[i].features.value)) != 0)
			return false;
	return true;
}

struct stored {
	uint64_t incident;
	struct buf row;
};

/* As the store would give them back: the rows of the window, in order. */
static struct dedup_index *rebuild(const struct stored *rows, unsigned count, int64_t now_ms)
{
	struct dedup_settings settings = dedup_settings_preset();
	struct dedup_index *again = dedup_index_new(scene.model, &settings);
	struct fingerprint f;
	struct why why;
	dedup_index_expect(again, count);
	for (unsigned n = 0; n < count; n++) {
		ck_assert(fingerprint_unpack(buf_bytes(&rows[n].row), &f, &why) == JEMBATAN_OK);
		if (f.time_ms >= now_ms - settings.window_ms)
			dedup_index_add(again, n + 1, rows[n].incident, f.time_ms, &f);
	}
	return again;
}

START_TEST(an_index_rebuilt_from_rows_decides_as_the_one_that_grew)
{
	enum { COUNT = 2600, LIVE = 300 };
	struct stored *rows = xcalloc(COUNT, sizeof(*rows));
	struct dedup_index *again = NULL;
	char text[600];
	unsigned joined = 0;
	for (unsigned n = 0; n < COUNT; n++) {
		struct dedup_said m;
		struct dedup_answer second_answer;
		make_said(n, text, &m);
		buf_init(&rows[n].row, FINGERPRINT_ROW_MAX);
		if (n % LIVE == 0) { /* a restart */
			dedup_index_free(again);
			again = rebuild(rows, n, START + m.day * DAY);
		}
		struct buf row;
		buf_init(&row, FINGERPRINT_ROW_MAX);
		struct dedup_answer answer = dedup_scene_say(&scene, scene.index, &m, &rows[n].row);
		rows[n].incident = answer.decision >= DEDUP_RELATED ? answer.incident : n + 1;
		scene.last_id--;
		second_answer = dedup_scene_say(&scene, again, &m, &row);
		ck_assert_msg(same_answer(&answer, &second_answer), "message %u", n);
		ck_assert(row.size == rows[n].row.size && memcmp(row.data, rows[n].row.data, row.size) == 0);
		ck_assert_uint_eq(dedup_index_count(scene.index), dedup_index_count(again));
		joined += answer.decision >= DEDUP_RELATED;
		buf_done(&row);
	}
	ck_assert_uint_gt(joined, COUNT / 10); /* it had something to decide */
	ck_assert_uint_lt(joined, COUNT * 9 / 10);
	ck_assert_uint_lt(dedup_index_count(scene.index), COUNT / 2 + 100); /* and to forget */
	for (unsigned n = 0; n < COUNT; n++)
		buf_done(&rows[n].row);
	free(rows);
	dedup_index_free(again);
}
END_TEST

/* 55 words and all that an author may be known by; no two share a key. */
static void fill_up(struct dedup_index *index, unsigned count)
{
	struct fingerprint f = { .evidence_count = 5, .mark_count = 55 };
	for (unsigned n = 0; n < count; n++) {
		for (unsigned i = 0; i < f.mark_count; i++)
			f.marks[i] = (struct mark){ .word = n * 64 + i, .letters = n * 64 + i,
						    .skeleton = (uint16_t)(n * 7 + i), .weight = 100 };
		dedup_index_add(index, n + 1, n + 1, START, &f);
	}
}

static const unsigned windows[] = { 1300, 2000, 20000, 70000 };

START_TEST(a_record_of_the_window_needs_less_than_a_thousand_bytes)
{
	fill_up(scene.index, windows[_i]);
	ck_assert_uint_lt(dedup_index_bytes(scene.index) / windows[_i], 1000);
}
END_TEST

static const struct {
	unsigned reports, incidents;
	enum dedup_decision of_like, of_same;
} costs[] = {
	{ 1, 1, DEDUP_RELATED, DEDUP_RELATED },
	{ 2, 1, DEDUP_RELATED, DEDUP_RELATED },
	{ 5, 1, DEDUP_REVIEW, DEDUP_RELATED },
	{ 2, 2, DEDUP_REVIEW, DEDUP_RELATED }, /* one of both would be wrong */
};

/* What is surely the same is joined nevertheless. */
START_TEST(more_is_asked_where_a_wrong_join_would_cost_more)
{
	struct dedup_said report = { FLOOD, NULL, "081200000017", NULL, 0 };
	struct dedup_said like = { "Saluran air Jl. Wijayasari No. 12 tersumbat sampah, pedagang mengeluh", NULL,
			     "081300000018", NULL, 0 };
	struct dedup_said same = { FLOOD, NULL, "081300000018", NULL, 0 };
	for (unsigned n = 0; n < costs[_i].reports; n++) {
		say(&report);
		dedup_index_move(scene.index, scene.last_id, 1 + n % costs[_i].incidents);
	}
	struct dedup_answer a = say(&like);
	ck_assert_msg(a.decision == costs[_i].of_like, "%s at %.3f", dedup_decision_name(a.decision),
		      a.score);
	dedup_index_take_back(scene.index, scene.last_id);
	a = say(&same);
	ck_assert_msg(a.decision == costs[_i].of_same, "%s at %.3f", dedup_decision_name(a.decision),
		      a.score);
}
END_TEST

/* Of the same incident, and without a place. */
START_TEST(who_names_no_place_is_no_witness_against_a_story_told_again)
{
	struct dedup_said report = { .text = FLOOD, .phone = "081200000017" };
	struct dedup_said vague = { .text = "pasar kebanjiran, dagangan basah, got belum juga dikeruk petugas",
				    .phone = "081300000018" };
	struct dedup_said retold = { .text = RETOLD, .account = "warga_contoh", .day = 1 };
	say(&report);
	say(&vague);
	ck_assert(dedup_index_move(scene.index, scene.last_id, 1));
	struct dedup_answer a = say(&retold);
	ck_assert_uint_eq(a.count, 2);
	ck_assert_uint_eq(a.incident, 1);
	ck_assert(a.candidates[1].score < a.score);
	ck_assert(a.score >= a.candidates[0].score);
}
END_TEST

static const struct {
	const char *text;
	double above; /* the likeness to its only member is what is asked */
	bool joined;
} asked[] = {
	{ RETOLD, 0.05, true }, { RETOLD, 0.07, false }, { FLOOD " bro", 0.001, false }, { FLOOD " bro", 0, true },
};

/* The admin's threshold holds as it stands: the points are in the score. */
START_TEST(a_story_told_again_gets_points)
{
	struct dedup_settings settings = dedup_settings_preset();
	struct dedup_said report = { .text = FLOOD, .phone = "081200000017" };
	struct dedup_said other = { .text = asked[_i].text, .account = "warga_contoh", .day = 10 };
	say(&report);
	double score = say(&other).candidates[0].score;
	dedup_index_take_back(scene.index, scene.last_id);
	settings.automatic = score + asked[_i].above;
	dedup_index_set(scene.index, &settings);
	struct dedup_answer a = say(&other);
	ck_assert_int_eq(a.decision >= DEDUP_RELATED, asked[_i].joined);
	ck_assert_int_eq(a.score >= settings.automatic, asked[_i].joined);
	ck_assert(a.score <= 1);
}
END_TEST

START_TEST(what_was_taken_back_has_never_been)
{
	enum { COUNT = 2200 };
	struct dedup_settings settings = dedup_settings_preset();
	struct dedup_index *other = dedup_index_new(scene.model, &settings);
	char text[600];
	for (unsigned n = 0; n < COUNT; n++) {
		struct dedup_said m, lost;
		uint64_t id = scene.last_id;
		for (unsigned k = 0; k < n % 5; k++) {
			make_said(n * 7 + k, text, &lost);
			lost.day = n / 40;
			dedup_scene_say(&scene, other, &lost, NULL);
		}
		dedup_index_take_back(other, id + 1);
		ck_assert_uint_eq(dedup_index_count(other), dedup_index_count(scene.index));
		make_said(n, text, &m);
		scene.last_id = id;
		struct dedup_answer answer = say(&m);
		scene.last_id = id;
		struct dedup_answer second_answer = dedup_scene_say(&scene, other, &m, NULL);
		ck_assert_msg(same_answer(&answer, &second_answer), "message %u", n);
		ck_assert_uint_eq(dedup_index_oldest(other), dedup_index_oldest(scene.index));
	}
	dedup_index_take_back(other, 1);
	ck_assert_uint_eq(dedup_index_count(other), 0);
	ck_assert_uint_eq(dedup_index_oldest(other), 0);
	dedup_index_free(other);
}
END_TEST

/* An old mailbox is read today: what lies a window apart is not compared. */
START_TEST(the_times_of_the_messages_count_and_not_those_of_their_reading)
{
	struct dedup_answer answer;
	struct fingerprint f;
	struct dedup_input input = { .text = FLOOD, .channel = "test" };
	static const struct {
		int64_t day;
		bool is_new;
	} mails[] = { { 0, true }, { 3, false }, { 60, true }, { 61, false } };
	for (unsigned n = 0; n < COUNT_OF(mails); n++) {
		input.time_ms = START + mails[n].day * DAY;
		dedup_index_expire(scene.index, START + 400 * DAY);
		dedup_index_read(scene.index, &input, &f);
		dedup_index_decide(scene.index, &f, &answer);
		ck_assert_msg((answer.decision == DEDUP_SEPARATE) == mails[n].is_new, "mail %u", n);
		dedup_index_add(scene.index, n + 1, mails[n].is_new ? n + 1 : answer.incident,
				START + 400 * DAY, &f);
	}
	ck_assert_uint_eq(dedup_index_count(scene.index), 4);
	dedup_index_expire(scene.index, START + 431 * DAY);
	ck_assert_uint_eq(dedup_index_count(scene.index), 0);
}
END_TEST

START_TEST(what_the_authors_share_is_named)
{
	struct dedup_said a = { FLOOD, NULL, "081200000017", "warga_contoh", 0 };
	struct dedup_said b = { FLOOD, NULL, "081200000017", NULL, 0 };
	struct dedup_said c = { FLOOD, NULL, "081300000018", NULL, 0 };
	say(&a);
	struct dedup_answer answer = say(&b);
	ck_assert_uint_eq(answer.candidates[0].shared, 1u << EVIDENCE_PHONE);
	ck_assert(answer.candidates[0].is_repost);
	answer = say(&c);
	ck_assert_uint_eq(answer.candidates[0].shared, 0);
	ck_assert(!answer.candidates[0].is_repost);
}
END_TEST

START_TEST(words_alone_join_nobody_to_what_another_has_joined)
{
	struct dedup_said nobody = { FLOOD, NULL, NULL, NULL, 0 }, a = { FLOOD, NULL, "081200000017", NULL, 0 },
		    b = { FLOOD, NULL, "081300000018", NULL, 0 };
	say(&nobody);
	ck_assert_int_eq(say(&a).decision, DEDUP_REPOST);
	ck_assert_int_eq(say(&b).decision, DEDUP_RELATED);
	struct dedup_answer again = say(&b);
	ck_assert_int_eq(again.decision, DEDUP_REPOST); /* b's own only */
	for (size_t n = 0; n < again.count; n++)
		ck_assert(again.candidates[n].is_repost == (again.candidates[n].id == 3));
}
END_TEST

START_TEST(exact_copies_are_one_incident_in_any_order)
{
	const char *const texts[] = { pairs[0].a, pairs[7].b, pairs[5].b };
	static const unsigned orders[][6] = { { 0, 1, 2, 0, 1, 2 }, { 2, 2, 1, 1, 0, 0 }, { 1, 0, 0, 2, 1, 2 } };
	uint64_t first[3] = { 0, 0, 0 };
	for (unsigned n = 0; n < 6; n++) {
		unsigned k = orders[_i][n];
		struct dedup_said m = { texts[k], NULL, "081200000017", NULL, 0 };
		struct dedup_answer answer = say(&m);
		uint64_t incident = answer.decision >= DEDUP_RELATED ? answer.incident : scene.last_id;
		if (first[k] == 0)
			first[k] = incident;
		ck_assert_uint_eq(incident, first[k]);
	}
	ck_assert(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
}
END_TEST

START_TEST(a_row_that_is_none_is_refused)
{
	struct buf row;
	struct fingerprint f;
	struct why why = { "" };
	struct dedup_said m = { FLOOD, NULL, "081200000017", NULL, 0 };
	buf_init(&row, FINGERPRINT_ROW_MAX);
	dedup_scene_say(&scene, scene.index, &m, &row);
	ck_assert(fingerprint_unpack(buf_bytes(&row), &f, &why) == JEMBATAN_OK);
	ck_assert(fingerprint_unpack(bytes_of(row.data, row.size - 1), &f, &why) == JEMBATAN_DATA);
	ck_assert(fingerprint_unpack(bytes_of(row.data, 3), &f, &why) == JEMBATAN_DATA);
	ck_assert(fingerprint_unpack(bytes_of(NULL, 0), &f, &why) == JEMBATAN_DATA);
	row.data[3] = (char)0xff; /* more marks than fit */
	ck_assert(fingerprint_unpack(buf_bytes(&row), &f, &why) == JEMBATAN_DATA);
	row.data[0] = 9;
	ck_assert(fingerprint_unpack(buf_bytes(&row), &f, &why) == JEMBATAN_DATA);
	ck_assert(why.text[0] != '\0');
	buf_done(&row);
}
END_TEST

START_TEST(a_row_of_the_version_before_is_read)
{
	struct buf row, old;
	struct fingerprint f = { 0 }, again = { 0 };
	struct why why = { "" };
	struct dedup_said m = { FLOOD, NULL, "081200000017", NULL, 0 };
	buf_init(&row, FINGERPRINT_ROW_MAX);
	buf_init(&old, FINGERPRINT_ROW_MAX + 8);
	dedup_scene_say(&scene, scene.index, &m, &row);
	buf_add_char(&old, 1);
	buf_add(&old, row.data + 1, 15);
	buf_add(&old, "a digest", 8);
	buf_add(&old, row.data + 16, row.size - 16);
	ck_assert(fingerprint_unpack(buf_bytes(&row), &f, &why) == JEMBATAN_OK);
	ck_assert(fingerprint_unpack(buf_bytes(&old), &again, &why) == JEMBATAN_OK);
	ck_assert_mem_eq(&f, &again, sizeof(f));
	ck_assert(fingerprint_unpack(bytes_of(old.data, 20), &again, &why) == JEMBATAN_DATA);
	buf_done(&row);
	buf_done(&old);
}
END_TEST

START_TEST(evidence_is_keyed_and_knows_spellings)
{
	struct evidence a, b;
	struct dedup_model *other = NULL;
	struct why why;
	ck_assert(evidence_of(scene.model, EVIDENCE_PHONE, "+62812-0000-0017", &a));
	ck_assert(evidence_of(scene.model, EVIDENCE_TEXT_PHONE, "081200000017", &b));
	ck_assert(evidence_is_same(a, b));
	ck_assert(evidence_of(scene.model, EVIDENCE_ACCOUNT, "081200000017", &b));
	ck_assert(!evidence_is_same(a, b)); /* an account is no phone */
	ck_assert(evidence_of(scene.model, EVIDENCE_NAME, "Contohwati Ratna", &a));
	ck_assert(evidence_of(scene.model, EVIDENCE_NAME, "ratna.contohwati@contoh.example", &b));
	ck_assert(evidence_is_same(a, b));
	ck_assert(!evidence_of(scene.model, EVIDENCE_PHONE, "", &a));
	ck_assert(!evidence_of(scene.model, EVIDENCE_MAIL, NULL, &a));
	ck_assert(dedup_model_load(TEST_DEDUP, bytes_text("another key"), &other, &why) == JEMBATAN_OK);
	ck_assert(evidence_of(scene.model, EVIDENCE_PHONE, "081200000017", &a));
	ck_assert(evidence_of(other, EVIDENCE_PHONE, "081200000017", &b));
	ck_assert(!evidence_is_same(a, b));
	dedup_model_free(other);
}
END_TEST

START_TEST(a_missing_model_is_said_and_nothing_is_guessed)
{
	struct dedup_model *none = NULL;
	struct why why = { "" };
	ck_assert(dedup_model_load("/nonexistent", bytes_text("key"), &none, &why) == JEMBATAN_CONFIG);
	ck_assert_ptr_nonnull(strstr(why.text, "/nonexistent/words.txt"));
	ck_assert_ptr_null(none);
}
END_TEST

static const struct {
	const char *line;
	bool good;
} lines[] = {
	{ "{\"id\":\"a\",\"text\":\"got mampet\",\"time\":\"2026-01-02T03:04:05+07:00\",\"author\":\"@a_b\","
	  "\"name\":\"\",\"location\":null,\"channel\":\"x\"}", true },
	{ "{\"id\":\"a\",\"text\":\"\",\"time\":\"2026-01-02\"}", true },
	{ "{\"id\":\"a\",\"text\":\"got\"}", false },
	{ "{\"id\":7,\"text\":\"got\",\"time\":\"2026-01-02\"}", false },
	{ "{\"id\":\"a\\tb\",\"text\":\"got\",\"time\":\"2026-01-02\"}", false },
	{ "{\"id\":\"a\",\"text\":\"got\",\"time\":\"kapan saja\"}", false },
	{ "[]", false },
	{ "{\"id\":", false },
	{ "", false },
};

START_TEST(a_line_is_a_record_or_an_error)
{
	struct dedup_line line;
	struct why why = { "" };
	enum jembatan_result r = dedup_line_read(scene.model, bytes_text(lines[_i].line), &line, &why);
	ck_assert_msg((r == JEMBATAN_OK) == lines[_i].good, "%s", lines[_i].line);
	ck_assert(r == JEMBATAN_OK || why.text[0] != '\0');
	dedup_line_done(&line);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("dedup");
	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, the_words_decide, 0, COUNT_OF(pairs));
	tcase_add_loop_test(t, who_says_it_decides_between_repost_and_related, 0, COUNT_OF(reporters));
	tcase_add_test(t, a_person_moves_and_an_erased_message_is_nobodys_candidate);
	tcase_add_test(t, the_evidence_names_features_and_no_words);
	tcase_add_test(t, an_index_rebuilt_from_rows_decides_as_the_one_that_grew);
	tcase_add_loop_test(t, a_record_of_the_window_needs_less_than_a_thousand_bytes, 0,
			    COUNT_OF(windows));
	tcase_add_loop_test(t, more_is_asked_where_a_wrong_join_would_cost_more, 0, COUNT_OF(costs));
	tcase_add_test(t, who_names_no_place_is_no_witness_against_a_story_told_again);
	tcase_add_loop_test(t, a_story_told_again_gets_points, 0, COUNT_OF(asked));
	tcase_add_test(t, what_was_taken_back_has_never_been);
	tcase_add_test(t, the_times_of_the_messages_count_and_not_those_of_their_reading);
	tcase_add_test(t, what_the_authors_share_is_named);
	tcase_add_test(t, words_alone_join_nobody_to_what_another_has_joined);
	tcase_add_loop_test(t, exact_copies_are_one_incident_in_any_order, 0, 3);
	tcase_add_test(t, a_row_that_is_none_is_refused);
	tcase_add_test(t, a_row_of_the_version_before_is_read);
	tcase_add_test(t, evidence_is_keyed_and_knows_spellings);
	tcase_add_test(t, a_missing_model_is_said_and_nothing_is_guessed);
	tcase_add_loop_test(t, a_line_is_a_record_or_an_error, 0, COUNT_OF(lines));
	return unit_run("dedup", t);
}

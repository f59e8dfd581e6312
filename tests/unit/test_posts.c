/* test_posts.c: what people copy from networks: CSV files as spreadsheets write
 * them, and links as browsers show them. */
#include "cli/posts.h"
#include "social/social_links.h"

#include "base/digest.h"
#include "base/jx.h"

#include <string.h>

#include "unit.h"

#define NOW_MS INT64_C(1800000000000)
#define WIB 420

static json_t *good, *bad;
static struct why why;

static enum jembatan_result read_text(const char *text)
{
	json_decref(good);
	json_decref(bad);
	good = bad = NULL;
	return posts_read(bytes_of(text, strlen(text)), NOW_MS, WIB, &good, &bad, &why);
}

static void teardown(void)
{
	json_decref(good);
	json_decref(bad);
	good = bad = NULL;
}

START_TEST(columns_are_known_by_their_headers)
{
	ck_assert_int_eq(read_text("\xef\xbb\xbfWaktu;Isi;Tautan;Akun;Foto\r\n"
		"21/11/2026 08:30;\"Jalan \"\"rusak\"\"\nparah\";https://x.com/a/status/1; sumbi ;"
		"https://a.example/1.jpg | https://a.example/2.jpg\r\n"
		"\r\n"
		";lampu;https://x.com/a/status/2;;\r\n"), JEMBATAN_OK);
	ck_assert_uint_eq(json_array_size(good), 2);
	ck_assert_uint_eq(json_array_size(bad), 0);
	json_t *post = json_array_get(good, 0);
	ck_assert_int_eq(jx_integer(post, "line", 0), 2);
	ck_assert_str_eq(jx_text(post, "text"), "Jalan \"rusak\"\nparah");
	ck_assert_str_eq(jx_text(post, "author"), "sumbi");
	ck_assert_str_eq(jx_text(post, "sent"), "2026-11-21T08:30:00+07:00");
	ck_assert_uint_eq(json_array_size(json_object_get(post, "media")), 2);
	post = json_array_get(good, 1);
	ck_assert_int_eq(jx_integer(post, "line", 0), 4); /* an empty row is counted */
	ck_assert_ptr_null(jx_text(post, "sent"));
}
END_TEST

START_TEST(a_bad_row_is_named_and_the_others_are_taken)
{
	ck_assert_int_eq(read_text("url,text,time\nhttps://x.com/a/status/1,satu,\n,dua,\n"
		"https://x.com/a/status/3,,\nhttps://x.com/a/status/4,empat,kemarin dulu\n"
		"https://x.com/a/status/5,lima\n,,\n"), JEMBATAN_OK);
	ck_assert_uint_eq(json_array_size(good), 2);
	ck_assert_uint_eq(json_array_size(bad), 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(jx_integer(json_array_get(bad, i), "line", 0), (int64_t)i + 3);
		ck_assert_ptr_nonnull(jx_text(json_array_get(bad, i), "why"));
	}
}
END_TEST

static const char *const refused[] = {
	"", "text\nlampu\n", "url\nhttps://x.com/a/status/1\n", "\n\n",
	"url,text\nhttps://x.com/a/status/1,\"tidak ditutup\nhttps://x.com/a/status/2,dua\n",
};

START_TEST(what_is_no_such_file_is_refused_whole)
{
	ck_assert_int_eq(read_text(refused[_i]), JEMBATAN_DATA);
	ck_assert_str_ne(why.text, "");
}
END_TEST

/* ---- links ----------------------------------------------------------------- */

static const struct {
	const char *network, *url;
	bool is_it;
	const char *id, *handle, *plain;
} links[] = {
	{ "x", "https://x.com/sumbi/status/190?s=20&t=aB", true, "190", "@sumbi",
	  "https://x.com/sumbi/status/190" },
	{ "x", "https://twitter.com/sumbi/status/190/photo/1", true, "190", "@sumbi", NULL },
	{ "x", "http://mobile.twitter.com/i/web/status/190", true, "190", NULL, NULL },
	{ "x", "https://x.com/i/status/190", true, "190", NULL, NULL },
	{ "x", "https://x.com/sumbi", false, NULL, NULL, NULL },
	{ "x", "https://notx.com/sumbi/status/190", false, NULL, NULL, NULL },
	{ "x", "https://evil.example/x.com/status/190", false, NULL, NULL, NULL },
	{ "x", "x.com/sumbi/status/190", false, NULL, NULL, NULL },
	{ "x", "https://%be.x.com/sumbi/status/190", false, NULL, NULL, NULL },
	{ "mastodon", "https://contoh.example/@sumbi/190", true, "190", "@sumbi", NULL },
	{ "mastodon", "https://contoh.example/@sumbi@lain.example/190", true, "190",
	  "@sumbi@lain.example", NULL },
	{ "mastodon", "https://lain.example/@sumbi/77", true, NULL, "@sumbi@lain.example",
	  "https://lain.example/@sumbi/77" },
	{ "mastodon", "https://contoh.example/users/sumbi/statuses/190", true, "190", "@sumbi", NULL },
	{ "mastodon", "https://contoh.example/about", false, NULL, NULL, NULL },
	{ "bluesky", "https://bsky.app/profile/did:plc:abc/post/3k", true,
	  "at://did:plc:abc/app.bsky.feed.post/3k", NULL, NULL },
	{ "bluesky", "https://bsky.app/profile/sumbi.example/post/3k", true, NULL, "@sumbi.example",
	  NULL },
	{ "telegram", "https://t.me/c/1234567/89", true, "-1001234567:89", NULL, NULL },
	{ "telegram", "https://t.me/grupwarga/89", true, NULL, NULL, "https://t.me/grupwarga/89" },
	{ "telegram", "https://t.me/grupwarga", false, NULL, NULL, NULL },
	{ "youtube", "https://www.youtube.com/watch?v=abc&lc=Ugx1&pp=zz", true, "Ugx1", NULL,
	  "https://www.youtube.com/watch?v=abc&lc=Ugx1" },
	/* no text: it names nothing */
	{ "youtube", "https://www.youtube.com/watch?v=abc&lc=Ugx%be", true, NULL, NULL,
	  "https://www.youtube.com/watch?v=abc" },
	{ "facebook", "https://www.facebook.com/permalink.php?story_fbid=1&id=2&__cft__=3", true, "2_1",
	  NULL, "https://www.facebook.com/permalink.php?story_fbid=1&id=2" },
	{ "facebook", "https://m.facebook.com/story.php?story_fbid=1&id=2", true, "2_1", NULL, NULL },
	{ "facebook", "https://www.facebook.com/permalink.php?story_fbid=pfbid02a&id=2", true, NULL,
	  NULL, NULL },
	{ "facebook", "https://www.facebook.com/permalink.php?story_fbid=1", true, NULL, NULL, NULL },
	{ "facebook", "https://www.facebook.com/1001/posts/2001?__cft__=3", true, "1001_2001", NULL,
	  "https://www.facebook.com/1001/posts/2001" },
	{ "facebook", "https://www.facebook.com/1001/posts/jalan-rusak/2001/", true, "1001_2001", NULL,
	  NULL },
	{ "facebook", "https://www.facebook.com/1001/posts/2001?comment_id=3001", true, "2001_3001",
	  NULL, "https://www.facebook.com/1001/posts/2001?comment_id=3001" },
	{ "facebook", "https://www.facebook.com/dinas/posts/2001?comment_id=3001", true, "2001_3001",
	  NULL, NULL },
	{ "facebook", "https://www.facebook.com/1001/posts/2001?comment_id=3001&reply_comment_id=3002",
	  true, "2001_3002", NULL, NULL },
	{ "facebook", "https://www.facebook.com/1001/posts/2001?comment_id=Y29tbWVudDo", true, NULL,
	  NULL, NULL },
	{ "facebook", "https://www.facebook.com/1001/posts/2001?comment_id=3001&reply_comment_id=Y2", true,
	  NULL, NULL, NULL },
	{ "facebook", "https://www.facebook.com/dinas/posts/2001", true, NULL, NULL, NULL },
	{ "facebook", "https://www.facebook.com/1001/posts/pfbid02a", true, NULL, NULL, NULL },
	{ "facebook", "https://www.facebook.com/groups/77/posts/2001", true, NULL, NULL, NULL },
	{ "facebook", "https://www.facebook.com/1001/photos/2001", true, NULL, NULL, NULL },
	{ "facebook", "https://www.facebook.com/1001", true, NULL, NULL, NULL },
	{ "instagram", "https://www.instagram.com/p/Cabc/?igsh=x", true, NULL, NULL,
	  "https://www.instagram.com/p/Cabc/" },
	{ "instagram", "https://instagram.com/reel/Ca-b_c?utm_source=x", true, NULL, NULL,
	  "https://www.instagram.com/p/Ca-b_c/" },
	{ "instagram", "https://www.instagram.com/sumbi/p/Cabc/", true, NULL, "@sumbi",
	  "https://www.instagram.com/p/Cabc/" },
	{ "instagram", "https://www.instagram.com/p/Cabc/c/17001/", true, NULL, NULL,
	  "https://www.instagram.com/p/Cabc/c/17001/" },
	{ "instagram", "https://www.instagram.com/share/p/BAabc", true, NULL, NULL,
	  "https://www.instagram.com/share/p/BAabc" },
	{ "instagram", "https://www.instagram.com/sumbi/", true, NULL, NULL,
	  "https://www.instagram.com/sumbi/" },
	{ "instagram", "https://www.instagram.com/p/Ca%20bc/", true, NULL, NULL, NULL },
	{ "other", "https://forum.example/t/7", true, NULL, NULL, "https://forum.example/t/7" },
	{ "other", "bukan tautan", false, NULL, NULL, NULL },
};

START_TEST(a_link_says_which_post_it_is)
{
	struct kit_arena *arena = kit_arena_new();
	struct social_link link;
	bool is_it = social_link_read(links[_i].network, "https://contoh.example", links[_i].url, arena,
				      &link);
	ck_assert_msg(is_it == links[_i].is_it, "%s", links[_i].url);
	if (is_it) {
		ck_assert_pstr_eq(link.id, links[_i].id);
		ck_assert_pstr_eq(link.handle, links[_i].handle);
		if (links[_i].plain)
			ck_assert_str_eq(link.url, links[_i].plain);
	}
	kit_arena_free(arena);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("posts");
	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, columns_are_known_by_their_headers);
	tcase_add_test(t, a_bad_row_is_named_and_the_others_are_taken);
	tcase_add_loop_test(t, what_is_no_such_file_is_refused_whole, 0, COUNT_OF(refused));
	tcase_add_loop_test(t, a_link_says_which_post_it_is, 0, COUNT_OF(links));
	return unit_run("posts", t);
}

/* test_kit_html.c: HTML to what a reader would see. */
#include <jembatan/kit.h>

#include "base/mem.h"

#include <string.h>

#include "unit.h"

static const struct {
	const char *html, *text;
} pages[] = {
	{ "<p>Jalan <b>rusak</b> parah.</p>", "Jalan rusak parah." },
	{ "<p>Satu</p><p>Dua</p>", "Satu\n\nDua" },
	{ "Satu<br>Dua<br/>Tiga", "Satu\nDua\nTiga" },
	{ "a<br><br><br><br><br><br>b", "a\n\n\nb" },
	{ "<div>Satu</div><div>Dua</div>", "Satu\nDua" },
	{ "  <p>  Banyak \n\t spasi  </p>  ", "Banyak spasi" },
	{ "Pak&nbsp;Budi &amp; Bu&#160;Ani &lt;warga&gt;", "Pak Budi & Bu Ani <warga>" },
	{ "<ul><li>Lampu<li>Air<ul><li>Pipa</li></ul></ul>", "- Lampu\n- Air\n\n- Pipa" },
	{ "<blockquote>Kutipan<br>dua</blockquote>balas", "> Kutipan\n> dua\n\nbalas" },
	{ "<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b" },
	{ "<table><tr><td>Nama</td><td>Alamat</td></tr><tr><td><p>A</p></td><td>B</td></tr></table>",
	  "Nama | Alamat\nA | B" },
	{ "<table><tr><td><p>Satu</p><p>Dua</p></td></tr><tr><td>Tiga</td></tr></table>",
	  "Satu\n\nDua\n\nTiga" },
	{ "<a href=\"https://a.example/x\">foto</a>.", "foto (https://a.example/x)." },
	{ "<a href=\"https://a.example/x\">https://a.example/x</a>", "https://a.example/x" },
	{ "<a href=\"https://a.example/\">a.example</a>", "a.example" },
	{ "<a href=\"mailto:a@b.example\">a@b.example</a>", "a@b.example" },
	{ "<a href=\"mailto:a@b.example\">surat</a>", "surat (a@b.example)" },
	{ "<a href=\"https://a.example/x\"></a>", "https://a.example/x" },
	{ "<a href=\"javascript:x()\">klik</a>", "klik" },
	{ "<a href=\"#top\">atas</a>", "atas" },
	{ "<script>alert(1)</script><style>p{}</style>ya", "ya" },
	{ "<head><title>Judul</title></head><body>isi</body>", "isi" },
	{ "<div style=\"display:none\">pre</div>isi", "isi" },
	{ "<div style=\"color:red; DISPLAY : NONE !important\">pre</div>isi", "isi" },
	{ "<span style='font-size:0'>pre</span>isi", "isi" },
	{ "<span style='font-size:0.9em'>kecil</span> isi", "kecil isi" },
	{ "<p hidden>pre</p>isi", "isi" },
	{ "\xe2\x80\x8c\xc2\xa0\xe2\x80\x8c\xc2\xa0isi\xc2\xadnya", "isinya" },
	{ "<img src=x alt=\"foto jalan\"> <img src=y alt=\"\">", "[foto jalan]" },
	{ "<pre>a\n  b\nc</pre>", "a\nb\nc" },
	{ "<h1>Judul</h1>isi<hr>akhir", "Judul\n\nisi\n---\nakhir" },
	{ "<!-- komentar -->isi<!doctype html>", "isi" },
	{ "<p>tidak ditutup <b>sama sekali", "tidak ditutup sama sekali" },
	{ "hanya teks", "hanya teks" },
	{ "", "" },
	{ "   ", "" },
	{ "<script>", "" },
	{ "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><p>isi</p>", "!ENTITY b \"&a;&a;\">]>\n\nisi" },
	{ "d\xc3\xa9""j\xc3\xa0", "d\xc3\xa9""j\xc3\xa0" },
};

START_TEST(html_reads_as_text)
{
	struct kit_text *out = kit_text_new(4096);
	struct jembatan_bytes html = { pages[_i].html, strlen(pages[_i].html) };
	ck_assert_int_eq(kit_html_text(html, NULL, out), JEMBATAN_OK);
	ck_assert_str_eq(kit_text_string(out), pages[_i].text);
	kit_text_free(out);
}
END_TEST

START_TEST(the_named_charset_is_used)
{
	struct kit_text *out = kit_text_new(4096);
	ck_assert_int_eq(kit_html_text((struct jembatan_bytes){ "<p>caf\xe9", 7 }, "iso-8859-1", out),
			 JEMBATAN_OK);
	ck_assert_str_eq(kit_text_string(out), "caf\xc3\xa9");
	kit_text_clear(out);
	ck_assert_int_eq(kit_html_text((struct jembatan_bytes){ "<p>caf\xe9!", 8 }, "utf-8", out),
			 JEMBATAN_OK);
	ck_assert_str_eq(kit_text_string(out), "caf\xef\xbf\xbd!");
	kit_text_free(out);
}
END_TEST

START_TEST(a_nul_does_not_hide_what_follows)
{
	struct kit_text *out = kit_text_new(4096);
	ck_assert_int_eq(kit_html_text((struct jembatan_bytes){ "<p>a\0b</p>", 10 }, NULL, out),
			 JEMBATAN_OK);
	ck_assert_str_eq(kit_text_string(out), "ab");
	kit_text_free(out);
}
END_TEST

/* n times the piece, then the end. */
static void read_many(const char *piece, size_t n, struct kit_text *out)
{
	struct kit_text *html = kit_text_new(64u * 1024u * 1024u);
	for (size_t i = 0; i < n; i++)
		kit_text_add_string(html, piece);
	kit_text_add_string(html, "end");
	(void)!kit_html_text(kit_text_bytes(html), NULL, out);
	kit_text_free(html);
}

START_TEST(deep_and_long_documents_have_their_limits)
{
	struct kit_text *out = kit_text_new(10000);
	read_many("<div><blockquote>", 50000, out);
	read_many("<a href='https://a.example/'>", 50000, out);
	ck_assert_uint_le(kit_text_bytes(out).size, 10000);
	kit_text_clear(out);
	read_many("<p>kata</p>", 50000, out);
	ck_assert(kit_text_is_full(out));
	kit_text_free(out);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("kit_html");
	tcase_add_loop_test(t, html_reads_as_text, 0, COUNT_OF(pages));
	tcase_add_test(t, the_named_charset_is_used);
	tcase_add_test(t, a_nul_does_not_hide_what_follows);
	tcase_add_test(t, deep_and_long_documents_have_their_limits);
	return unit_run("kit_html", t);
}

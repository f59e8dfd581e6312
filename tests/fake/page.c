/* page.c: what the fake centre holds, for people's eyes. */
#include "centre.h"

#include "base/jx.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define ROWS_MAX 200u

static const char HEAD[] =
	"<!doctype html><html lang=\"id\"><head><meta charset=\"utf-8\">"
	"<noscript><meta http-equiv=\"refresh\" content=\"3\"></noscript>"
	"<meta name=\"viewport\" content=\"width=device-width\"><title>Pusat tiruan</title><style>"
	"body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
	"table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;"
	"border-bottom:1px solid #ccc}.awas{background:#a00;color:#fff;padding:.5rem 1rem}"
	"code{font-family:ui-monospace,monospace}</style></head><body>"
	"<h1>Pusat tiruan (SP4N-LAPOR!)</h1>"
	"<p>Ini bukan sistem nasional. Semua isi hanya untuk uji coba.</p>";

/* The form plays the agency; the page waits while somebody types. */
static const char FORM[] =
	"<form id=\"f\"><input id=\"n\" placeholder=\"Nomor\" size=\"10\"> "
	"<input id=\"s\" list=\"kata\" placeholder=\"Status\"> "
	"<input id=\"c\" placeholder=\"Catatan\" size=\"30\"> <button>Ubah status</button>"
	"<datalist id=\"kata\"><option>Terverifikasi<option>Tunda<option>Dalam Proses"
	"<option>Ditindaklanjuti oleh Instansi<option>Selesai<option>Ditutup oleh Sistem"
	"<option>Diarsipkan<option>Ditolak</datalist> <output id=\"o\"></output></form><script>"
	"const v=i=>document.getElementById(i);v('f').onsubmit=async e=>{e.preventDefault();"
	"const a=await fetch('/_status/'+v('n').value,{method:'POST',body:JSON.stringify("
	"{status_code:'0',status_name:v('s').value,note:v('c').value})});"
	"v('o').textContent=a.ok?'berubah':(await a.json()).message};"
	"setInterval(()=>{if(!v('f').contains(document.activeElement))location.reload()},3000)"
	"</script>";

static void add_escaped(struct buf *out, const char *s)
{
	for (; s && *s; s++) {
		switch (*s) {
		case '<':
			buf_add_text(out, "&lt;");
			break;
		case '>':
			buf_add_text(out, "&gt;");
			break;
		case '&':
			buf_add_text(out, "&amp;");
			break;
		case '"':
			buf_add_text(out, "&quot;");
			break;
		case '\'':
			buf_add_text(out, "&#39;");
			break;
		default:
			buf_add_char(out, *s);
		}
	}
}

static void add_cell(struct buf *out, const char *s)
{
	buf_add_text(out, "<td>");
	add_escaped(out, s && *s ? s : "-");
	buf_add_text(out, "</td>");
}

static void add_row(struct buf *out, json_t *facts)
{
	char date[24];

	ledger_date(jx_integer(facts, "created_ms", 0), date);
	buf_printf(out, "<tr><td><code>%" PRId64 "</code></td>", jx_integer(facts, "id", 0));
	add_cell(out, date);
	add_cell(out, jx_text(facts, "reference"));
	add_cell(out, jx_text(facts, "title"));
	add_cell(out, jx_text(facts, "status_name"));
	add_cell(out, jx_text(facts, "disposition_id"));
	buf_add_text(out, "</tr>");
}

static void add_doubled(struct buf *out, json_t *summary)
{
	json_t *doubled = json_object_get(summary, "doubled");
	json_t *reference;
	size_t i;

	if (json_array_size(doubled) == 0)
		return;
	buf_printf(out, "<p class=\"awas\">Tercatat lebih dari sekali: %zu (",
		   json_array_size(doubled));
	json_array_foreach(doubled, i, reference) {
		if (i == 20)
			break;
		buf_add_text(out, i > 0 ? ", " : "");
		add_escaped(out, json_string_value(reference));
	}
	buf_add_text(out, ")</p>");
}

void page_show(struct centre_call *call)
{
	struct buf *out = &call->answer->body;
	CLEANUP(jx_decref) json_t *summary = ledger_summary(call->centre->ledger, false);
	CLEANUP(jx_decref) json_t *rows = ledger_newest(call->centre->ledger, ROWS_MAX);
	json_t *row;
	size_t i;

	call->answer->media_type = "text/html; charset=utf-8";
	buf_add_text(out, HEAD);
	buf_printf(out, "<p>Pengaduan: <b>%" PRId64 "</b>. Berkas: %" PRId64 ". Mode: %s.</p>",
		   jx_integer(summary, "count", 0), jx_integer(summary, "files", 0),
		   centre_mode_name(call->centre->mode));
	add_doubled(out, summary);
	buf_add_text(out, FORM);
	buf_add_text(out, "<table><thead><tr><th>Nomor</th><th>Diterima (WIB)</th>"
			  "<th>Rujukan</th><th>Judul</th><th>Status</th><th>Instansi</th>"
			  "</tr></thead><tbody>");
	json_array_foreach(rows, i, row)
		add_row(out, row);
	buf_add_text(out, "</tbody></table>");
	if (i == ROWS_MAX)
		buf_printf(out, "<p>Hanya %u yang terbaru ditampilkan.</p>", ROWS_MAX);
	buf_add_text(out, "</body></html>\n");
}

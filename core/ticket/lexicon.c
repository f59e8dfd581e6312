/* lexicon.c: the tables of lexicon.h, and a hash over them. */
#include "ticket/lexicon.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

#define SLOTS 2048u

/* Each row: the canon, then what is written for it. "" : says nothing. */
static const char *const drops[] = {
	"yang", "yg", "yng", "yag", "di", "d", "ke", "k", "dari", "dr", "dri", "dan", "dn", "dg", "atau",
	"ato", "atw", "ataw", "untuk", "utk", "untk", "u", "tuk", "buat", "bwt", "dengan", "dgn", "dngan",
	"pada", "pd", "oleh", "olh", "ini", "ni", "in", "itu", "tu", "tersebut", "tsb", "tersebt",
	"adalah", "adlh", "saya", "sy", "sya", "aku", "ak", "aq", "gue", "gw", "gua", "kami", "kmi",
	"kita", "kta", "kt", "anda", "kamu", "nya", "min",
	"mimin", "admin", "kak", "mas", "mbak", "sudah", "sdh", "udah", "udh", "dah", "sudh", "telah",
	"tlh", "akan", "akn", "bakal", "masih", "msh", "msih", "juga", "jg", "jga", "lagi", "lg", "lgi",
	"lah", "kah", "pun", "ya", "ada", "ad", "da", "tidak", "tdk", "gak", "gk", "ga", "nggak", "ngak",
	"enggak", "engak", "ndak", "kagak", "tak", "tk", "tida", "sangat", "sgt", "sngat", "sekali",
	"skali", "banget", "bgt", "bngt", "saja", "sja", "aja", "aj", "agar", "agr", "supaya", "spy",
	"biar", "karena", "karna", "krn", "krna", "jika", "jk", "kalau", "kalo", "kl", "klo", "klau",
	"klw", "bila", "maka", "seperti", "sperti", "spt", "sprti", "kayak", "kyk", "bagaimana", "gimana",
	"bgmn", "gmn", "apa", "ap", "mengapa", "kenapa", "knp", "kenape", "knpa", "mohon", "mhn", "mohn",
	"mohom", "mohin", "moho", "tolong", "tlg", "tlong", "tlng", "minta", "harap", "hrp", "terima",
	"trima", "kasih", "kasi", "ksih", "terimakasih", "trimakasih", "trims", "makasih", "mksh", "tks",
	"thx", "thanks", "suwun", "selamat", "slamat", "slmt", "met", "asalamualaikum", "asalamu",
	"alaikum", "as", "ass", "wr", "wb", "sampai", "smp", "sampe", "hinga", "dapat", "dpt", "dapet",
	"bisa", "bsa", "bs", "mau", "mw", "ingin", "pengen", "dong", "deh", "sih", "kok", "koq", "loh",
	"lho", "nih", "halo", "hai", "permisi", "yth", "tapi", "tp", "tpi", "tetapi", "namun", "hanya",
	"hny", "hnya", "cuma", "cm", "sebagai", "sbg", "secara", "dalam", "dlm", "para", "serta", "bahwa",
	"jadi", "jd", "bantu", "bantuanya", "mf", "maf", "izin", "ijin", "cc", "oleh", "lalu", "kemudian",
	"saat", "sat", "sdg", "sedang", "harus", "hrs", "semua", "smua", "orang", "org", "lebih", "lbh",
	"kurang", "banyak", "byk", "bnyk", "sama", "sm", "sma", "punya", "pnya", "bagi", "bg", "antara",
};

static const struct slang {
	const char *canon;
	const char *forms; /* separated by a space */
} slang[] = {
	{ "pak", "bapak bpk bp bapa" }, { "bu", "ibu buk" }, { "lokasi", "lok lokasinya loaksi" },
	{ "jalan", "jl jln jlan jaln jalanan" }, { "gang", "gg gng g" }, { "kelurahan", "kel klurahan kelurhan" },
	{ "kecamatan", "kec kcamatan kecmatan" }, { "kabupaten", "kab kabupatn" },
	{ "desa", "ds dsa" }, { "dusun", "dsn dukuhan" }, { "nomor", "no nmr nomer nomr" },
	{ "blok", "blk blog block" }, { "rumah", "rmh rumh" }, { "depan", "dpn depn ngarep" },
	{ "belakang", "blkg blakang" }, { "samping", "smpg sampng" }, { "dekat", "dkt deket" },
	{ "belum", "blm blom belom blum" }, { "bulan", "bln buln" }, { "tahun", "thn taun th" },
	{ "tangal", "tgl" }, { "mingu", "mgu pekan" }, { "hari", "hr hri" },
	{ "jam", "pukul" }, { "kemarin", "kmrn kmren kemaren" }, { "sekarang", "skrg skrng skarang" },
	{ "warga", "wrg wrga" }, { "masyarakat", "masy msyrkt" }, { "pemerintah", "pemrintah" },
	{ "pemkot", "pemkotnya" }, { "surabaya", "sby" }, { "jakarta", "jkt" }, { "bandung", "bdg" },
	{ "semarang", "smg" }, { "yogyakarta", "jogja yogya jogjakarta" }, { "indonesia", "indo" },
	{ "atas", "ats" }, { "nama", "nm" }, { "dinas", "dns" }, { "lampu", "lmpu lampunya" },
	{ "mati", "mti padam" }, { "air", "aer" }, { "rusak", "rsk rusk" }, { "parah", "prh" },
	{ "besar", "bsr gede gedhe" }, { "kecil", "kcl" }, { "baru", "bru" }, { "lama", "lma" },
	{ "bantuan", "bntuan bantuanya" }, { "anak", "ank" }, { "keluarga", "kelg klrg klg" },
	{ "sekolah", "skolah sklh" }, { "motor", "mtr" }, { "mobil", "mbl" }, { "kendaraan", "kndaraan" },
	{ "perbaikan", "perbaikkan" }, { "perbaiki", "dibenerin benerin benahi" },
	{ "laporan", "lapran lap" }, { "lapor", "ngelapor ngadu mengadu mengadukan" },
	{ "informasi", "info" }, { "penjelasan", "pnjelasan" }, { "berapa", "brp brapa" },
	{ "setiap", "tiap stiap" }, { "selalu", "slalu" }, { "sering", "srg srng" },
	{ "sebelum", "sblm sblum" }, { "sesudah", "setelah stlh ssdh" }, { "sejak", "sjk semenjak" },
	{ "karyawan", "krywn" }, { "daftar", "dftr" }, { "data", "dta" }, { "kerja", "krj krja" },
	{ "uang", "duit" }, { "bayar", "byr" }, { "mendapat", "mendapatkan dapatkan dapetin" },
	{ "membuat", "bikin buatin mbikin" }, { "memakai", "pakai pake" }, { "mengurus", "ngurus" },
	{ "mengajukan", "ngajuin ajukan" }, { "menyampaikan", "nyampein nyampaikan sampaikan" },
	{ "mengangu", "menganggu ganguin" }, { "bertanya", "nanya tanya tanyakan" },
	{ "satu", "1 setunggal siji" }, { "internet", "inet" }, { "kembali", "kmbli" },
	{ "kondisi", "knds" }, { "sebelah", "sblh" },
	{ "wilayah", "wil wilyah" }, { "perumahan", "perum prmhn" }, { "timur", "tmr" },
	{ "barat", "brt" }, { "selatan", "slt sltn" }, { "utara", "utr" }, { "tengah", "tngh" },
	{ "suara", "swara" }, { "rukun", "rkn" }, { "petugas", "ptgs" }, { "segera", "sgr sgera" },
	{ "ditindaklanjuti", "tindaklanjuti" }, { "tapi", "tp" },
};

/* Number words are numbers. */
static const char *const numbers[][2] = {
	{ "satu", "1" }, { "dua", "2" }, { "tiga", "3" }, { "empat", "4" }, { "lima", "5" },
	{ "enam", "6" }, { "tujuh", "7" }, { "delapan", "8" }, { "sembilan", "9" }, { "sepuluh", "10" },
	{ "sebelas", "11" },
};

/* What people complain about: the words of one row point to one nuisance. */
static const char *const topics[] = {
	"lampu pju lpju penerangan gelap mati nyala menyala tiang bohlam",
	"pohon ranting perantingan pangkas dipangkas pemangkasan pangkasan kepras perampingan rimbun dahan tebang tumbang",
	"sampah tumpukan menumpuk tps bau diangkut angkut pengangkutan bak buang kotor",
	"berlubang lubang aspal pavin paving rusak ambles bergelombang tambal jeglongan perbaikan",
	"saluran got selokan gorong mampet tersumbat sumbat banjir genangan tergenang drainase kali sungai",
	"pdam pam leding ledeng mengalir ngalir keran",
	"parkir jukir parkiran",
	"ktp kk akta dukcapil kependudukan ektp",
	"bansos pkh bpnt blt bst dtks mbr sembako kks kis pbi pip kip bsu",
	"macet lalin trafik rambu zebra cros lampumerah",
	"bising berisik sound karaoke dugem",
	"pkl pedagang lapak kaki",
	"trotoar pedestrian pendestrian pejalan",
	"nyamuk foging dbd demam",
	"vaksin vaksinasi covid puskesmas",
	"listrik pln kabel",
	"anjing kucing ular hewan",
	"jembatan",
	"gila odgj gelandangan pengemis",
	"internet wifi sinyal aplikasi website",
};

struct entry {
	const char *word;
	unsigned size;
	const char *canon; /* NULL: only topics */
	uint32_t topics;
};

struct lexicon {
	struct entry slots[SLOTS];
};

static uint32_t hash_of(const char *word, size_t size)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < size; i++)
		h = (h ^ (unsigned char)word[i]) * 16777619u;
	return h ^ (h >> 15);
}

static struct entry *slot_of(struct lexicon *l, const char *word, size_t size)
{
	size_t i = hash_of(word, size) % SLOTS;
	while (l->slots[i].word != NULL &&
	       (l->slots[i].size != size || memcmp(l->slots[i].word, word, size) != 0))
		i = (i + 1) % SLOTS;
	return &l->slots[i];
}

static struct entry *put(struct lexicon *l, const char *word, size_t size)
{
	struct entry *e = slot_of(l, word, size);
	e->word = word;
	e->size = (unsigned)size;
	return e;
}

/* Calls for each word of a row. */
static void each(struct lexicon *l, const char *row, const char *canon, uint32_t topic,
		 unsigned percent)
{
	while (*row != '\0') {
		size_t size = strcspn(row, " ");
		if (canon == NULL)
			put(l, row, size)->topics |= topic;
		else if (hash_of(row, size) / 7 % 100 < percent)
			put(l, row, size)->canon = canon;
		row += size + (row[size] == ' ');
	}
}

struct lexicon *lexicon_new(unsigned percent)
{
	struct lexicon *l = xcalloc(1, sizeof(*l));
	for (size_t i = 0; i < COUNT_OF(drops); i++)
		each(l, drops[i], "", 0, percent);
	for (size_t i = 0; i < COUNT_OF(slang); i++)
		each(l, slang[i].forms, slang[i].canon, 0, percent);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		put(l, numbers[i][0], strlen(numbers[i][0]))->canon = numbers[i][1];
	for (size_t i = 0; i < COUNT_OF(topics); i++)
		each(l, topics[i], NULL, 1u << i, 100);
	return l;
}

void lexicon_free(struct lexicon *l)
{
	free(l);
}

static const struct entry *find(const struct lexicon *l, const char *word, size_t size)
{
	size_t i = hash_of(word, size) % SLOTS;
	for (; l->slots[i].word != NULL; i = (i + 1) % SLOTS)
		if (l->slots[i].size == size && memcmp(l->slots[i].word, word, size) == 0)
			return &l->slots[i];
	return NULL;
}

struct lexicon_word lexicon_look(const struct lexicon *l, const char *word, size_t size)
{
	const struct entry *e = find(l, word, size);
	if (e == NULL)
		return (struct lexicon_word){ NULL, 0 };
	const struct entry *canon = e->canon != NULL ? find(l, e->canon, strlen(e->canon)) : NULL;
	return (struct lexicon_word){ e->canon, e->topics | (canon != NULL ? canon->topics : 0) };
}

unsigned lexicon_month(const char *word)
{
	static const char *const names[] = {
		"jan januari", "feb februari pebruari", "mar maret", "apr april", "mei", "jun juni",
		"jul juli", "agu agt ags agustus", "sep sept september", "okt oktober",
		"nov nop november nopember", "des desember",
	};
	size_t size = strlen(word);
	for (unsigned m = 0; m < COUNT_OF(names); m++)
		for (const char *p = names[m]; *p != '\0'; p += p[strcspn(p, " ")] == ' ' ?
		     strcspn(p, " ") + 1 : strcspn(p, " "))
			if (strcspn(p, " ") == size && memcmp(p, word, size) == 0)
				return m + 1;
	return 0;
}

unsigned lexicon_roman(const char *word)
{
	static const char *const ones[] = { "", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix" };
	unsigned tens = 0;
	if (word[0] != 'i' && word[0] != 'v' && word[0] != 'x')
		return 0;
	while (word[0] == 'x' && tens < 3) {
		tens++;
		word++;
	}
	for (unsigned i = 0; i < COUNT_OF(ones); i++)
		if (strcmp(word, ones[i]) == 0)
			return tens * 10 + i;
	return 0;
}


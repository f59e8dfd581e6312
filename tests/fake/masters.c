/* masters.c: see masters.h. */
#include "masters.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "base/poison.h"

static const struct {
	const char *id;
	const char *name;
} INSTITUTIONS[] = {
	{ "100101", "Kementerian Contoh Urusan Sosial" },
	{ "100102", "Kementerian Contoh Pekerjaan Umum" },
	{ "100103", "Kementerian Contoh Kesehatan" },
	{ "100104", "Inspektorat Jenderal Contoh" },
	{ "200201", "Pemerintah Provinsi Contoh Barat" },
	{ "200202", "Pemerintah Kota Contoh" },
	{ "200203", "Dinas Sosial Kabupaten Contoh" },
	{ "200204", "Dinas Pekerjaan Umum Kabupaten Contoh" },
	{ "200205", "Inspektorat Kabupaten Contoh" },
	{ "300301", "Perusahaan Air Minum Contoh" },
};

static const char *const TEMPLATES[][2] = {
	{ "TERIMA", "Laporan telah kami terima" },
	{ "PROSES", "Laporan sedang kami proses" },
	{ "SELESAI", "Laporan telah selesai ditindaklanjuti" },
	{ "BUKAN", "Bukan kewenangan kami" },
};

json_t *masters_institutions(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < COUNT_OF(INSTITUTIONS); i++) {
		json_int_t id = strtoll(INSTITUTIONS[i].id, NULL, 10);

		json_array_append_new(list, json_pack("{s:I,s:s}", "id", id, "name",
						      INSTITUTIONS[i].name));
	}
	return list;
}

json_t *masters_templates(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < COUNT_OF(TEMPLATES); i++)
		json_array_append_new(list, json_pack("{s:i,s:s,s:s}", "id", (int)i + 1, "code",
						      TEMPLATES[i][0], "name", TEMPLATES[i][1]));
	return list;
}

const char *masters_institution_name(const char *id)
{
	for (size_t i = 0; id && i < COUNT_OF(INSTITUTIONS); i++)
		if (strcmp(INSTITUTIONS[i].id, id) == 0)
			return INSTITUTIONS[i].name;
	return NULL;
}

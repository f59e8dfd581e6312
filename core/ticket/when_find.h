/* when_find.h: the day on which it happened, out of running text: "Sabtu, 11
 * Februari 2023", "tgl 3 Jan", "12/1/2026", "kemarin sore", "2 hari yang lalu".
 * Only days that are past and near are believed; births, deadlines and numbers
 * of letters and laws are not. Pure. */
#ifndef TICKET_WHEN_FIND_H
#define TICKET_WHEN_FIND_H

#include "base/mem.h"

#define WHEN_TEXT_MAX 16384u /* bytes of a text that are read */

struct when_found {
	int64_t ms; /* midnight of the day where no time is said */
	bool has_time;
	size_t start, size; /* the words, bytes in the text */
};

/* Relative words count from now_ms, the message's own time, in a zone so many
 * minutes east of UTC. The first day that is said to be the incident's, else
 * the first that may be. False: none. */
bool when_find(const char *text, int64_t now_ms, int zone_minutes, struct when_found *out);

#endif

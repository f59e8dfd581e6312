/* position.h: coordinates that stand in a text: "-7.2575, 112.7521", a link to a
 * map. Within Indonesia only. Pure. */
#ifndef TICKET_POSITION_H
#define TICKET_POSITION_H

#include "base/mem.h"

/* The first pair; false: none. */
bool position_find(const char *text, double *out_latitude, double *out_longitude);

/* Roughly: 0, 0 is not, and a pair the wrong way round is not. */
bool position_is_inside(double latitude, double longitude);

/* Minutes east of UTC by the longitude: roughly, for where no province is
 * known. 0: not in Indonesia. */
int position_zone_minutes(double longitude);

#endif

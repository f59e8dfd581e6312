/* place_near.c: a point against the seats of kabupaten and kota. They are all that
 * is known: no borders. So only a clear case decides. */
#include "ticket/place_inside.h"
#include "ticket/position.h"
#include "base/poison.h"

#define NEAR_KM 120.0  /* a kabupaten may reach as far from its seat */
#define AHEAD_KM 40.0  /* the next must be so much farther, and twice as far */
#define FAR_KM 300.0   /* none reaches as far */
#define INSIDE 0.6     /* of a kota's reach: it is there */
#define OUTSIDE 2.0    /* beyond, and a few kilometres: it is not */
#define OUTSIDE_KM 3.0

bool place_is_far(const struct regions *r, uint32_t region, double latitude, double longitude)
{
	return position_is_inside(latitude, longitude) &&
	       regions_distance_km(r, region, latitude, longitude) > FAR_KM;
}

uint32_t place_nearest(const struct search *s, const uint32_t *regions, size_t count)
{
	const struct place_hints *h = s->hints;
	uint32_t nearest = REGION_NONE;
	double best = 0, next = 2 * (NEAR_KM + AHEAD_KM);
	for (size_t i = 0; h->has_position && i < count; i++) {
		double km = regions_distance_km(s->regions, regions[i], h->latitude, h->longitude);
		double reach = regions_reach_km(s->regions, regions[i]);
		if (km < 0)
			return REGION_NONE; /* it may be there */
		if (reach > 0 && km <= INSIDE * reach)
			km = 0;
		else if (reach > 0 && km > OUTSIDE * reach + OUTSIDE_KM)
			continue;
		if (nearest == REGION_NONE || km < best) {
			next = nearest != REGION_NONE ? best : next;
			nearest = regions[i];
			best = km;
		} else if (km < next) {
			next = km;
		}
	}
	/* Within a kota's middle nothing else is. */
	bool is_clear = best == 0 ? next > 0 : next >= 2 * best && next - best >= AHEAD_KM;
	return nearest != REGION_NONE && best <= NEAR_KM && is_clear ? nearest : REGION_NONE;
}

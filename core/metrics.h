/* metrics.h: the state in figures, as OpenMetrics text. No citizen's data: names
 * of instances and counts only. */
#ifndef CORE_METRICS_H
#define CORE_METRICS_H

#include "app.h"

#define METRICS_MEDIA_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

MUST_CHECK enum jembatan_result metrics_write(struct app *a, struct buf *out, struct why *why);

#endif

/* clock.c: the real clocks, or the held ones. */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "base/fault.h"
#include "base/poison.h"

/* The courier's thread asks, too. */
static _Atomic bool held;
static _Atomic int64_t held_now_ms, held_mono_ms;

static int64_t read_us(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_now_ms(void)
{
	return held ? held_now_ms : read_us(CLOCK_REALTIME) / 1000 + FAULT_CLOCK_MS();
}

int64_t clock_mono_ms(void)
{
	return held ? held_mono_ms : read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_us(void)
{
	return held ? held_mono_ms * 1000 : read_us(CLOCK_MONOTONIC);
}

void clock_hold(int64_t now_ms, int64_t mono_ms)
{
	held = true;
	held_now_ms = now_ms;
	held_mono_ms = mono_ms;
}

void clock_advance(int64_t ms)
{
	held_now_ms += ms;
	held_mono_ms += ms;
}

void clock_release(void)
{
	held = false;
}

void clock_format(int64_t now_ms, int with_ms, char out[32])
{
	int64_t fraction = ((now_ms % 1000) + 1000) % 1000;
	time_t seconds = (time_t)((now_ms - fraction) / 1000);
	struct tm tm;
	/* Years beyond four digits do not fit the format: show the epoch. */
	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 8099)
		gmtime_r(&(time_t){ 0 }, &tm);
	char date[24];
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	if (with_ms)
		snprintf(out, 32, "%s.%03dZ", date, (int)fraction);
	else
		snprintf(out, 32, "%sZ", date);
}

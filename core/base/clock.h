/* clock.h: the time. Everything asks here, so that tests can hold it. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_now_ms(void);  /* wall time, UTC since 1970 */
int64_t clock_mono_ms(void); /* never jumps; only differences mean anything */
int64_t clock_mono_us(void); /* the same in microseconds: how long a step took */

/* Tests: stop both clocks at these values, and move them. */
void clock_hold(int64_t now_ms, int64_t mono_ms);
void clock_advance(int64_t ms);
void clock_release(void);

/* "2026-11-21T22:30:00Z" (with_ms: ".123Z"); out needs 32 bytes. */
void clock_format(int64_t now_ms, int with_ms, char out[32]);

#endif

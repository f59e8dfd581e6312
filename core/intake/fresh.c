/* fresh.c: is a channel alive? A process that runs says nothing; a poll that
 * succeeds does, and for some channels only a message does. All of it by the
 * clock that never jumps. */
#include "base/clock.h"
#include "intake/instance.h"
#include "base/poison.h"

#define INTERVALS 3
/* A poll alone may take two minutes, and opening half a minute. */
#define SILENT_LEAST_MS 150000

static bool is_meant_to_work(const struct instance *i)
{
	return i->usable && !i->paused && !i->leaving && !i->intake->stopping;
}

static int64_t last_poll_mono_ms(const struct instance *i)
{
	return i->polled_mono_ms > i->began_mono_ms ? i->polled_mono_ms : i->began_mono_ms;
}

bool instance_is_silent(const struct instance *i)
{
	int64_t interval = i->settings->every_ms > i->wait_ms ? i->settings->every_ms : i->wait_ms;
	int64_t limit = INTERVALS * interval;
	/* While too much waits for its decision it is we who do not poll. */
	return is_meant_to_work(i) && i->poll.child != NULL && !i->intake->full &&
	       clock_mono_ms() - last_poll_mono_ms(i) > (limit > SILENT_LEAST_MS ? limit : SILENT_LEAST_MS);
}

/* Of webhooks and forms it is the only sign there can be. */
bool instance_is_quiet(const struct instance *i)
{
	return is_meant_to_work(i) && i->settings->quiet_alarm_ms > 0 &&
	       clock_mono_ms() - i->message_mono_ms > i->settings->quiet_alarm_ms;
}

/* A state is told once, and once when it is over. last_mono_ms: of what is missed. */
static void tell(int64_t *since_mono_ms, const struct instance *i, bool is, int64_t last_mono_ms,
		 const char *sentence, const char *over)
{
	if (is && *since_mono_ms == 0) {
		log_warning(i->name, "%s", sentence);
		*since_mono_ms = last_mono_ms != 0 ? last_mono_ms : 1;
	} else if (!is && *since_mono_ms != 0) {
		log_notice(i->name, "%s after %lld s", over,
			   (long long)((clock_mono_ms() - *since_mono_ms) / 1000));
		*since_mono_ms = 0;
	}
}

void intake_look(struct intake *in)
{
	for (struct instance *i = in->instances; i != NULL; i = i->next) {
		tell(&i->silent_mono_ms, i, instance_is_silent(i), last_poll_mono_ms(i),
		     "no poll has succeeded for three intervals: is the channel there?",
		     "the silence of its polls is over,");
		tell(&i->quiet_mono_ms, i, instance_is_quiet(i), i->message_mono_ms,
		     "no message has come for as long as `quiet_alarm` says",
		     "the silence of its messages is over,");
	}
}

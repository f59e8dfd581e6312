/* fresh.c: is a channel alive? A process that runs says nothing; a poll that
 * succeeds does, and for some channels only a message does. All of it by the
 * clock that never jumps. */
#include "base/clock.h"
#include "intake/instance.h"
#include "base/poison.h"

#define INTERVALS 3
/* A poll alone may take two minutes, and opening half a minute. */
#define SILENT_LEAST_MS 150000

static bool is_counted(const struct instance *i)
{
	return i->usable && !i->paused && !i->leaving && !i->intake->stopping &&
	       i->poll.child != NULL;
}

bool instance_is_silent(const struct instance *i)
{
	int64_t since = i->polled_mono_ms > i->began_mono_ms ? i->polled_mono_ms : i->began_mono_ms;
	int64_t interval = i->settings->every_ms > i->wait_ms ? i->settings->every_ms : i->wait_ms;
	int64_t limit = INTERVALS * interval;
	/* While too much waits for its decision it is we who do not poll. */
	return is_counted(i) && !i->intake->full &&
	       clock_mono_ms() - since > (limit > SILENT_LEAST_MS ? limit : SILENT_LEAST_MS);
}

bool instance_is_quiet(const struct instance *i)
{
	return is_counted(i) && i->settings->quiet_alarm_ms > 0 &&
	       clock_mono_ms() - i->message_mono_ms > i->settings->quiet_alarm_ms;
}

/* log_trouble tells the first of many: a state is told once. */
static void tell(struct log_trouble *t, const struct instance *i, bool is, const char *sentence,
		 const char *what)
{
	if (is && t->count == 0)
		log_trouble(t, i->name, sentence);
	else if (!is)
		log_trouble_over(t, i->name, what);
}

void intake_look(struct intake *in)
{
	for (struct instance *i = in->instances; i != NULL; i = i->next) {
		tell(&i->silence, i, instance_is_silent(i),
		     "no poll has succeeded for three intervals: is the channel there?",
		     "polling");
		tell(&i->quiet, i, instance_is_quiet(i),
		     "no message has come for as long as `quiet_alarm` says", "the flow of messages");
	}
}

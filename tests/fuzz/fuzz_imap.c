/* fuzz_imap.c: the IMAP reader says the same whether the bytes come in one piece
 * or in two, and a set of numbers stays sorted. */
#include "email/imap_reader.h"
#include "email/imap_uids.h"

#include <stdlib.h>
#include <string.h>

#define INPUT_MAX 65000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t mix(uint64_t sum, const void *data, size_t size)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ p[i]) * UINT64_C(1099511628211);
	return sum;
}

static uint64_t sum_item(uint64_t sum, enum imap_event event, const struct imap_item *i)
{
	sum = mix(sum, &event, sizeof event);
	sum = mix(sum, &i->first, sizeof i->first);
	sum = mix(sum, &i->last, sizeof i->last);
	if (i->text != NULL)
		sum = mix(sum, i->text, strlen(i->text));
	if (event == IMAP_FETCH) {
		sum = mix(sum, &i->fetch.uid, sizeof i->fetch.uid);
		sum = mix(sum, i->fetch.body, i->fetch.body_size);
	}
	return sum;
}

static uint64_t drain(struct imap_reader *r, uint64_t sum, struct imap_uids *uids)
{
	struct imap_item item;
	enum imap_event event;

	while ((event = imap_reader_next(r, &item)) != IMAP_NEED_BYTES && event != IMAP_BROKEN) {
		sum = sum_item(sum, event, &item);
		if (event == IMAP_UIDS)
			imap_uids_add(uids, item.first, item.last);
	}
	return sum + (event == IMAP_BROKEN);
}

static void feed(struct imap_reader *r, const uint8_t *data, size_t size)
{
	size_t room;
	char *into = imap_reader_room(r, &room);

	if (room < size)
		abort();
	if (size > 0)
		memcpy(into, data, size);
	imap_reader_fed(r, size);
}

static void check_uids(struct imap_uids *uids)
{
	char text[256];

	imap_uids_settle(uids);
	for (size_t i = 1; i < uids->count; i++) {
		if ((uint64_t)uids->ranges[i].first <= (uint64_t)uids->ranges[i - 1].last + 1)
			abort();
	}
	uint32_t highest = imap_uids_write(uids, 10, text, sizeof text);

	if ((highest == 0) != (uids->count == 0))
		abort();
	imap_uids_drop(uids, highest);
	if (uids->count > 0 && imap_uids_lowest(uids) <= highest)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct imap_uids whole_uids, cut_uids;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	size_t cut = (size_t)data[0] * 256 + data[1];

	data += 2;
	size -= 2;
	cut = size > 0 ? cut % size : 0;
	struct imap_reader *whole = imap_reader_new(1000), *pieces = imap_reader_new(1000);

	imap_uids_clear(&whole_uids);
	imap_uids_clear(&cut_uids);
	feed(whole, data, size);
	uint64_t a = drain(whole, 0, &whole_uids);

	feed(pieces, data, cut);
	struct imap_item item;
	uint64_t b = 0;
	enum imap_event event;

	while ((event = imap_reader_next(pieces, &item)) != IMAP_NEED_BYTES &&
	       event != IMAP_BROKEN) {
		b = sum_item(b, event, &item);
		if (event == IMAP_UIDS)
			imap_uids_add(&cut_uids, item.first, item.last);
	}
	if (event == IMAP_BROKEN) {
		b++;
	} else {
		feed(pieces, data + cut, size - cut);
		b = drain(pieces, b, &cut_uids);
	}
	if (a != b)
		abort();
	check_uids(&whole_uids);
	imap_reader_free(whole);
	imap_reader_free(pieces);
	return 0;
}

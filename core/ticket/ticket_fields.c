/* ticket_fields.c: where each field of a ticket stands, in JSON and in memory. */
#include "ticket/ticket_fields.h"

#include <stddef.h>

#include "base/poison.h"

#define AT(group, key, member) { group, key, offsetof(struct ticket, member) }

const struct ticket_field ticket_texts[] = {
	AT(NULL, "reference", reference),
	AT(NULL, "instance", instance),
	AT(NULL, "channel", channel),
	AT("source", "system", source_system),
	AT("source", "id", source_id),
	AT("source", "status", source_status),
	AT(NULL, "tracking_id", tracking_id),
	AT(NULL, "status", status),
	AT("reporter", "name", reporter.name),
	AT("reporter", "mail", reporter.mail),
	AT("reporter", "phone", reporter.phone),
	AT("reporter", "phone_raw", reporter.phone_raw),
	AT(NULL, "title", title),
	AT(NULL, "title_original", title_original),
	AT(NULL, "content_original", content_original),
	AT(NULL, "content_edited", content_edited),
	AT(NULL, "classification", classification),
	AT(NULL, "category", category),
	AT("place", "province", place.province),
	AT("place", "regency", place.regency),
	AT("place", "district", place.district),
	AT("place", "village", place.village),
	AT("place", "address", place.address),
	AT("place", "code", place.code),
	AT("place", "code_system", place.code_system),
	AT("proposal", "category", proposal.category),
	AT("proposal", "category_margin", proposal.category_margin),
	AT("proposal", "category_words", proposal.category_words),
	AT("proposal", "category_id", proposal.category_id),
	AT("proposal", "location_id", proposal.location_id),
	AT("proposal", "agency", proposal.agency),
	AT("proposal", "agency_id", proposal.agency_id),
	AT("proposal", "agency_margin", proposal.agency_margin),
	AT("proposal", "agency_words", proposal.agency_words),
	AT("proposal", "agencies", proposal.agencies),
	AT("proposal", "classification_margin", proposal.classification_margin),
	AT("proposal", "classification_words", proposal.classification_words),
	AT("proposal", "place_margin", proposal.place_margin),
	AT("proposal", "place_words", proposal.place_words),
	AT("proposal", "date_words", proposal.date_words),
	AT("proposal", "social_aid", proposal.social_aid),
	AT("proposal", "aid_margin", proposal.aid_margin),
	AT("proposal", "aid_complaint", proposal.aid_complaint),
	AT("proposal", "not_complaint", proposal.not_complaint),
	AT("proposal", "not_complaint_words", proposal.not_complaint_words),
};
const size_t ticket_texts_count = COUNT_OF(ticket_texts);

const struct ticket_field ticket_flags[] = {
	AT(NULL, "from_centre", from_centre),
	AT(NULL, "anonymous", anonymous),
	AT(NULL, "secret", secret),
	AT(NULL, "title_derived", title_derived),
	AT("incident", "derived", incident_derived),
};
const size_t ticket_flags_count = COUNT_OF(ticket_flags);

/* 0 is left out. */
const struct ticket_field ticket_times[] = {
	AT("incident", "at", incident_ms),
	AT(NULL, "received_at", received_ms),
	AT(NULL, "sent_at", sent_ms),
};
const size_t ticket_times_count = COUNT_OF(ticket_times);

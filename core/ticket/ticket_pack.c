/* ticket_pack.c: the table of fields. A tag is never given a second meaning:
 * packed tickets are kept in the store. */
#include "ticket/ticket_pack.h"

#include "base/field.h"

#include "base/poison.h"

static const struct field attachment_fields[] = {
	FIELD(1, FIELD_TEXT, struct ticket_attachment, name),
	FIELD(2, FIELD_TEXT, struct ticket_attachment, media_type),
	FIELD(3, FIELD_I64, struct ticket_attachment, size_bytes),
	FIELD(4, FIELD_TEXT, struct ticket_attachment, missing),
	FIELD_END
};

/* The first tag's byte is never that of '{'. */
static const struct field ticket_fields[] = {
	FIELD(1, FIELD_TEXT, struct ticket, reference),
	FIELD(2, FIELD_TEXT, struct ticket, instance),
	FIELD(3, FIELD_TEXT, struct ticket, channel),
	FIELD(4, FIELD_TEXT, struct ticket, source_system),
	FIELD(5, FIELD_TEXT, struct ticket, source_id),
	FIELD(6, FIELD_TEXT, struct ticket, source_status),
	FIELD(7, FIELD_BOOL, struct ticket, from_centre),
	FIELD(8, FIELD_TEXT, struct ticket, tracking_id),
	FIELD(9, FIELD_TEXT, struct ticket, status),
	FIELD(10, FIELD_TEXT, struct ticket, reporter.name),
	FIELD(11, FIELD_TEXT, struct ticket, reporter.mail),
	FIELD(12, FIELD_TEXT, struct ticket, reporter.phone),
	FIELD(13, FIELD_TEXT, struct ticket, reporter.phone_raw),
	FIELD(14, FIELD_BOOL, struct ticket, anonymous),
	FIELD(15, FIELD_BOOL, struct ticket, secret),
	FIELD(16, FIELD_TEXT, struct ticket, title),
	FIELD(17, FIELD_BOOL, struct ticket, title_derived),
	FIELD(18, FIELD_TEXT, struct ticket, title_original),
	FIELD(19, FIELD_TEXT, struct ticket, content_original),
	FIELD(20, FIELD_TEXT, struct ticket, content_edited),
	FIELD(21, FIELD_TEXT, struct ticket, classification),
	FIELD(22, FIELD_TEXT, struct ticket, category),
	FIELD(23, FIELD_I64, struct ticket, incident_ms),
	FIELD(24, FIELD_BOOL, struct ticket, incident_derived),
	FIELD(25, FIELD_U32, struct ticket, zone_minutes),
	FIELD(26, FIELD_I64, struct ticket, received_ms),
	FIELD(27, FIELD_I64, struct ticket, sent_ms),
	FIELD(28, FIELD_TEXT, struct ticket, place.province),
	FIELD(29, FIELD_TEXT, struct ticket, place.regency),
	FIELD(30, FIELD_TEXT, struct ticket, place.district),
	FIELD(31, FIELD_TEXT, struct ticket, place.village),
	FIELD(32, FIELD_TEXT, struct ticket, place.address),
	FIELD(33, FIELD_TEXT, struct ticket, place.code),
	FIELD(34, FIELD_TEXT, struct ticket, place.code_system),
	FIELD(35, FIELD_BOOL, struct ticket, place.has_position),
	FIELD(36, FIELD_DOUBLE, struct ticket, place.latitude),
	FIELD(37, FIELD_DOUBLE, struct ticket, place.longitude),
	FIELD_LIST_OF(38, struct ticket, attachments, attachment_count, attachment_fields,
		      struct ticket_attachment),
	FIELD(60, FIELD_TEXT, struct ticket, proposal.category),
	FIELD(61, FIELD_TEXT, struct ticket, proposal.category_id),
	FIELD(62, FIELD_TEXT, struct ticket, proposal.location_id),
	FIELD(63, FIELD_TEXT, struct ticket, proposal.agency),
	FIELD(64, FIELD_TEXT, struct ticket, proposal.agency_id),
	FIELD(65, FIELD_TEXT, struct ticket, proposal.agency_margin),
	FIELD(66, FIELD_TEXT, struct ticket, proposal.agency_words),
	FIELD(67, FIELD_TEXT, struct ticket, proposal.agencies),
	FIELD(68, FIELD_TEXT, struct ticket, proposal.classification_margin),
	FIELD(69, FIELD_TEXT, struct ticket, proposal.classification_words),
	FIELD(70, FIELD_TEXT, struct ticket, proposal.place_margin),
	FIELD(71, FIELD_TEXT, struct ticket, proposal.place_words),
	FIELD(72, FIELD_TEXT, struct ticket, proposal.date_words),
	FIELD(73, FIELD_TEXT, struct ticket, proposal.social_aid),
	FIELD(74, FIELD_TEXT, struct ticket, proposal.aid_complaint),
	FIELD(75, FIELD_TEXT, struct ticket, proposal.not_complaint),
	FIELD(76, FIELD_TEXT, struct ticket, proposal.category_margin),
	FIELD(77, FIELD_TEXT, struct ticket, proposal.category_words),
	FIELD(78, FIELD_TEXT, struct ticket, proposal.aid_margin),
	FIELD(79, FIELD_TEXT, struct ticket, proposal.not_complaint_words),
	FIELD_END
};

void ticket_pack(const struct ticket *t, struct buf *out)
{
	field_pack(ticket_fields, t, out);
}

bool ticket_is_packed(struct jembatan_bytes body)
{
	return body.size == 0 || *(const char *)body.data != '{';
}

enum jembatan_result ticket_unpack(struct jembatan_bytes packed, struct arena *arena,
				   struct ticket *out, struct why *why)
{
	struct ticket t = { 0 };

	if (!ticket_is_packed(packed))
		return ticket_from_json(packed, arena, out, why);
	enum jembatan_result r = field_unpack(ticket_fields, packed, arena, &t, why);
	if (r == JEMBATAN_OK)
		*out = t;
	return r;
}

/* ticket.h: a complaint in the national format, its JSON form and the check
 * against config/ticket.schema.json. Pure. The store's form: ticket_pack.h. */
#ifndef TICKET_TICKET_H
#define TICKET_TICKET_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/msg.h"

struct ticket_schema;

#define TICKET_REFERENCE_SIZE 10u /* "JB-" and six characters, with the NUL */
#define TICKET_JSON_MAX (2u * 1024u * 1024u)

struct ticket_reporter {
	const char *name, *mail;
	const char *phone;     /* E.164, or a short code */
	const char *phone_raw; /* as written, only where no phone could be read */
};

struct ticket_place {
	const char *province, *regency, *district, *village, *address;
	const char *code, *code_system;
	bool has_position;
	double latitude, longitude;
};

struct ticket_attachment {
	const char *name, *media_type;
	int64_t size_bytes;  /* 0: not known yet */
	const char *missing; /* why it is not here; or NULL */
};

/* What words, rules and the model say where the source said nothing, and why.
 * Margins are "0.00" to "1.00"; words are the ones that decided, ", " between.
 * They are a citizen's, so this stays where the ticket is sealed. */
struct ticket_proposal {
	const char *category;    /* of the national tree, by its path: "MAIN > NAME" */
	const char *category_margin, *category_words;
	const char *category_id; /* the centre's numbers of both, by the operator's tables */
	const char *location_id;
	const char *agency;      /* by name */
	const char *agency_id;   /* of the centre's list of institutions */
	const char *agency_margin, *agency_words;
	const char *agencies;    /* up to three, the best first, " | " between */
	const char *classification_margin, *classification_words;
	const char *place_margin, *place_words; /* place_words: the place was read from the text */
	const char *date_words;                 /* the incident's date was read from the text */
	const char *social_aid;    /* the programme; "bansos" when none is named */
	const char *aid_margin;
	const char *aid_complaint; /* kepesertaan, penyaluran, besaran, penyelewengan, informasi */
	const char *not_complaint; /* pujian, spam, obrolan, iseng: for a person to look at */
	const char *not_complaint_words;
};

/* Texts are valid UTF-8, NFC; unset is NULL. */
struct ticket {
	const char *reference; /* "JB-7K3M9Q" */
	const char *instance;
	const char *channel;       /* the way it came (sumber), a word */
	const char *source_system; /* with source_id: whose id ... */
	const char *source_id;     /* ... always a string */
	const char *source_status; /* the source's own state */
	bool from_centre;          /* linked, never pushed */
	const char *tracking_id;   /* the centre's number */
	const char *status;        /* internal word, "received" at first */
	struct ticket_reporter reporter;
	bool anonymous, secret; /* never relaxed */
	const char *title;
	bool title_derived;
	const char *title_original; /* before a person changed it; or NULL */
	const char *content_original, *content_edited; /* isi awal, isi akhir */
	const char *classification; /* klasifikasi, when known */
	const char *category;       /* the source's own word */
	int64_t incident_ms;
	bool incident_derived; /* from the message's date */
	int zone_minutes;      /* in which the times are written */
	int64_t received_ms;
	int64_t sent_ms; /* 0: not known */
	struct ticket_place place;
	struct ticket_proposal proposal;
	const struct ticket_attachment *attachments;
	size_t attachment_count;
};

/* Compact JSON; the caller frees. */
char *ticket_to_json(const struct ticket *t);
/* DATA when it does not fit the format: *why says where and how. */
MUST_CHECK enum jembatan_result ticket_check(const struct ticket *t,
					     const struct ticket_schema *s, struct why *why);
/* Strings live in the arena. DATA when it is not a ticket's JSON. */
MUST_CHECK enum jembatan_result ticket_from_json(struct jembatan_bytes json, struct arena *arena,
						 struct ticket *out, struct why *why);

/* Looks like one mail address; the real check is the mail server's. */
bool ticket_is_mail(const char *text);

/* A reference from five random bytes. */
void ticket_reference(const uint8_t random[5], char out[TICKET_REFERENCE_SIZE]);

/* What a person sees in `preview` and `review`: one line a field. Citizen's
 * words: for terminals, never for logs. */
void ticket_preview_text(const struct ticket *t, struct buf *out);

/* How an installation makes the keys of its records. */
struct ticket_keys {
	struct jembatan_bytes local; /* the HMAC's */
	/* Ids that differ in their last two characters get keys that begin alike: what an
	 * app numbers one after the other then lies on one page of the store's index. */
	bool near;
};

/* The same complaint again? (instance, remote id) where there is an id; else
 * author, text and attachments; without an author the raw bytes too, so two
 * people never share a key. message.raw must be set where it was not spooled. */
struct digest ticket_same_key(struct ticket_keys keys, const char *instance,
			      const struct msg_message *m);
/* Changes when the content does: the revision, else a digest of the content. */
struct digest ticket_revision_digest(struct jembatan_bytes hmac_key, const struct msg_message *m);

#endif

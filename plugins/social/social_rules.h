/* social_rules.h: which posts are complaints, by rules that an admin can read.
 * The first rule that holds decides; where none does, a person looks (review).
 * Own posts, plain reposts and bots are ignored before any rule. Pure. */
#ifndef SOCIAL_RULES_H
#define SOCIAL_RULES_H

#include <jembatan/kit.h>

/* What the network itself says of a post. */
#define SOCIAL_OWN 1u
#define SOCIAL_REPOST 2u
#define SOCIAL_BOT 4u
#define SOCIAL_MENTION 8u  /* it names our account */
#define SOCIAL_PRIVATE 16u /* for us alone */
#define SOCIAL_REPLY 32u   /* it answers another post */

struct social_facts {
	unsigned flags;
	const char *text;     /* NULL: none */
	const char *language; /* as the network says, such as "id"; or NULL */
};

enum social_verdict { SOCIAL_COMPLAINT, SOCIAL_REVIEW, SOCIAL_IGNORE };

struct social_rules;

/* From the LIST option `rules`, or those built in; `examples` must come out as
 * they say. CONFIG: explained with the place. No network. */
JEMBATAN_MUST_CHECK enum jembatan_result
social_rules_new(struct jembatan_context *ctx, struct social_rules **out);
void social_rules_free(struct social_rules *rules);

enum social_verdict social_rules_judge(const struct social_rules *rules,
				       const struct social_facts *facts);

/* One rule added to the end, as `complaint: hashtag lapor and not word lomba`. */
struct social_rules *social_rules_empty(void);
JEMBATAN_MUST_CHECK enum jembatan_result
social_rules_add(struct social_rules *rules, const char *rule, struct kit_why *why);

#endif

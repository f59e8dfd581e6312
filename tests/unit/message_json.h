/* message_json.h: a message as a JSON object, for golden pairs and drivers. */
#ifndef TESTS_MESSAGE_JSON_H
#define TESTS_MESSAGE_JSON_H

#include <jembatan/connector.h>

#include <jansson.h>

/* What is unknown is left out; raw only as `raw_bytes`. The caller decrefs. */
json_t *message_json(const struct jembatan_message *message);

#endif

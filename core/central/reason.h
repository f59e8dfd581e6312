/* reason.h: what ended a transfer, as a sentence for the operator: libcurl's
 * own words speak of options and buffers. */
#ifndef CENTRAL_REASON_H
#define CENTRAL_REASON_H

/* Of a CURLcode other than CURLE_OK; never NULL. */
const char *reason_of(int curl_code);

#endif

/* web_serve.h: which room answers a request that came over HTTP. */
#ifndef CORE_WEB_SERVE_H
#define CORE_WEB_SERVE_H

#include "web_child.h"

/* Answers the call, now or after the commit of what it brought. */
void web_serve(struct web_call *call, const struct msg_web_request *request,
	       struct jembatan_bytes body);

#endif

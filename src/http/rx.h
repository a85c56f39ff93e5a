/* Steps of a request, called by server.c in the order the library reports them. */
#ifndef HTTP_RX_H
#define HTTP_RX_H

#include "http/internal.h"

enum MHD_Result rx_head(struct rx *x, const char *url, const char *method, const char *version);
enum MHD_Result rx_body(struct rx *x, const char *p, size_t n);
enum MHD_Result rx_dispatch(struct rx *x);
enum MHD_Result rx_woken(struct rx *x);
void rx_completed(struct rx *x);

#endif

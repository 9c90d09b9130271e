/* scpi_link.h: lines to and from an instrument over TCP, with a limit of time on each step, so that
 * one that is switched off costs a reading and never hangs the meter. */
#ifndef RG_POWER_SCPI_LINK_H
#define RG_POWER_SCPI_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "bench/core/err.h"

typedef struct rg_scpi_link {
    struct sockaddr_storage to;
    socklen_t to_bytes;
    int fd;           /* -1: not connected */
    int64_t again_ns; /* no new attempt to connect before */
} rg_scpi_link;

/* "HOST", "HOST:PORT" or "[IPV6]:PORT"; port 5025 unless told. RG_USAGE or RG_ABSENT when there is
 * no such host. Does not connect yet. */
rg_status rg_scpi_link_find(const char *address, rg_scpi_link *ret_link, rg_err *err);

/* Connects within limit_ms; at most one attempt a second. RG_ABSENT, RG_TIMEOUT. */
rg_status rg_scpi_link_connect(rg_scpi_link *link, int limit_ms, rg_err *err);

/* Sends one command. After any failure the link is closed: what comes late must not be taken for
 * the next answer. */
rg_status rg_scpi_link_send(rg_scpi_link *link, const char *command, rg_err *err);

/* Sends a query and waits for its line. */
rg_status rg_scpi_link_ask(rg_scpi_link *link, const char *query, int limit_ms, char *ret,
                           size_t cap, rg_err *err);

void rg_scpi_link_close(rg_scpi_link *link); /* may be called again */

#endif

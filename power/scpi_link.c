/* scpi_link.c: a TCP connection of lines with time limits (scpi_link.h). */
#include "power/scpi_link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/core/clock.h"

/* Splits "HOST:PORT"; a host with colons of its own stands in brackets. */
static bool split(const char *address, char *host, size_t cap, char *port, size_t port_cap) {
    const char *end = *address == '[' ? strchr(address, ']') : address + strcspn(address, ":");
    if (!end || end == address)
        return false;
    const char *begin = *address == '[' ? address + 1 : address;
    snprintf(host, cap, "%.*s", (int)(end - begin), begin);
    end += *end == ']';
    snprintf(port, port_cap, "%s", *end == ':' ? end + 1 : "5025");
    char *rest;
    long number = strtol(port, &rest, 10);
    return (!*end || *end == ':') && !*rest && number > 0 && number < 65536;
}

rg_status rg_scpi_link_find(const char *address, rg_scpi_link *ret_link, rg_err *err) {
    const struct addrinfo want = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[200], port[16];
    if (!split(address, host, sizeof host, port, sizeof port))
        return rg_fail(err, RG_USAGE, "HOST[:PORT]", "'%s' is no address of an instrument",
                       address);
    int code = getaddrinfo(host, port, &want, &found);
    if (code)
        return rg_fail(err, RG_ABSENT, "name it by its number", "no host %s: %s", host,
                       gai_strerror(code));
    *ret_link = (rg_scpi_link){.fd = -1, .to_bytes = found->ai_addrlen};
    memcpy(&ret_link->to, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return RG_OK;
}

void rg_scpi_link_close(rg_scpi_link *link) {
    if (link->fd >= 0)
        close(link->fd);
    link->fd = -1;
}

static rg_status lost(rg_scpi_link *link, rg_status status, const char *what, rg_err *err) {
    rg_scpi_link_close(link);
    return rg_fail(err, status, "switch it on, and let no other program talk to it",
                   "the instrument %s", what);
}

/* True when `events` came before the deadline. */
static bool await(const rg_scpi_link *link, short events, int64_t end_ns) {
    for (;;) {
        struct pollfd waiting = {.fd = link->fd, .events = events};
        int left_ms = (int)((end_ns - rg_clock_real_ns()) / 1000000);
        int ready = left_ms > 0 ? poll(&waiting, 1, left_ms) : 0;
        if (ready >= 0 || errno != EINTR)
            return ready > 0;
    }
}

rg_status rg_scpi_link_connect(rg_scpi_link *link, int limit_ms, rg_err *err) {
    int64_t now_ns = rg_clock_real_ns();
    int code = 0, yes = 1;
    socklen_t bytes = sizeof code;
    if (link->fd >= 0)
        return RG_OK;
    if (now_ns < link->again_ns)
        return rg_fail(err, RG_ABSENT, NULL, "the instrument is not connected");
    link->again_ns = now_ns + 1000000000;
    link->fd = socket(link->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0)
        return lost(link, RG_IO, "cannot be reached: no socket", err);
    if (connect(link->fd, (const struct sockaddr *)&link->to, link->to_bytes) < 0 &&
        errno != EINPROGRESS)
        return lost(link, RG_ABSENT, "refuses connections", err);
    if (!await(link, POLLOUT, now_ns + (int64_t)limit_ms * 1000000))
        return lost(link, RG_TIMEOUT, "does not answer", err);
    if (getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &code, &bytes) < 0 || code)
        return lost(link, RG_ABSENT, "refuses connections", err);
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return RG_OK;
}

rg_status rg_scpi_link_send(rg_scpi_link *link, const char *command, rg_err *err) {
    char line[256];
    int bytes = snprintf(line, sizeof line, "%s\n", command);
    if (link->fd < 0 || bytes >= (int)sizeof line)
        return rg_fail(err, RG_ABSENT, NULL, "the instrument is not connected");
    if (send(link->fd, line, (size_t)bytes, MSG_NOSIGNAL) != bytes)
        return lost(link, RG_ABSENT, "has closed the connection", err);
    return RG_OK;
}

rg_status rg_scpi_link_ask(rg_scpi_link *link, const char *query, int limit_ms, char *ret,
                           size_t cap, rg_err *err) {
    int64_t end_ns = rg_clock_real_ns() + (int64_t)limit_ms * 1000000;
    rg_status status = rg_scpi_link_send(link, query, err);
    for (size_t used = 0; status == RG_OK; used++) {
        if (!await(link, POLLIN, end_ns))
            return lost(link, RG_TIMEOUT, "gave no answer in time", err);
        if (used + 1 == cap)
            return lost(link, RG_BAD_DATA, "answers with too long a line", err);
        if (recv(link->fd, ret + used, 1, 0) != 1)
            return lost(link, RG_ABSENT, "has closed the connection", err);
        if (ret[used] != '\n')
            continue;
        ret[used] = '\0';
        ret[strcspn(ret, "\r")] = '\0';
        return RG_OK;
    }
    return status;
}

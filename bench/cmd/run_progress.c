/* run_progress.c: the progress of a run in words. */
#include "bench/cmd/run_progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench/core/clock.h"
#include "bench/core/text.h"

enum { HEARTBEAT_S = 10 };

rg_teller rg_teller_new(bool quiet) {
    struct winsize size;
    rg_teller teller = {.quiet = quiet, .terminal = isatty(STDERR_FILENO), .columns = 80};
    if (teller.terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
        teller.columns = size.ws_col;
    return teller;
}

void rg_teller_end(rg_teller *teller) {
    if (teller->line_open)
        fprintf(stderr, "\r\033[K");
    teller->line_open = false;
}

static void describe(const rg_progress *p, char *ret, size_t cap) {
    char left[48] = "", spent[32];
    rg_text_duration((double)p->elapsed_ns, spent, sizeof spent);
    if (p->left_ns >= 0) {
        char number[32];
        rg_text_duration((double)p->left_ns, number, sizeof number);
        snprintf(left, sizeof left, ", about %s left", number);
    }
    if (!strcmp(p->phase, "admission"))
        snprintf(ret, cap, "asking whether %s can run", p->cell ? p->cell : "the cells");
    else
        snprintf(ret, cap, "[%zu/%zu] %s round %u/%u %s, %s%s", p->done + 1, p->total, p->cell,
                 p->round + 1, p->rounds, p->phase, spent, left);
}

/* Cuts at a column, never inside a UTF-8 sequence. */
static void cut(char *text, unsigned columns) {
    size_t shown = 0;
    for (char *at = text; *at; at++) {
        if (((unsigned char)*at & 0xC0) == 0x80)
            continue;
        if (shown++ == columns) {
            *at = '\0';
            return;
        }
    }
}

static void tell_terminal(rg_teller *teller, const rg_progress *progress) {
    char line[512];
    describe(progress, line, sizeof line);
    cut(line, teller->columns - 1);
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
    teller->line_open = true;
}

/* News off a terminal: each new round at once, the same one again every ten seconds. */
static void tell_log(rg_teller *teller, const rg_progress *progress) {
    char line[512], about[sizeof teller->last];
    int64_t now = rg_clock_real_ns();
    bool admission = !strcmp(progress->phase, "admission");
    snprintf(about, sizeof about, "%s %u", progress->cell ? progress->cell : "",
             admission ? 0 : progress->round + 1);
    if (!strcmp(about, teller->last) && now - teller->last_ns < HEARTBEAT_S * INT64_C(1000000000))
        return;
    teller->last_ns = now;
    memcpy(teller->last, about, sizeof about);
    describe(progress, line, sizeof line);
    fprintf(stderr, "%s\n", line);
}

void rg_teller_tell(rg_teller *teller, const rg_progress *progress) {
    if (progress->note) {
        rg_teller_end(teller);
        fprintf(stderr, "railgauge run: %s\n", progress->note);
    }
    if (teller->quiet || progress->note)
        return;
    if (teller->terminal)
        tell_terminal(teller, progress);
    else
        tell_log(teller, progress);
}

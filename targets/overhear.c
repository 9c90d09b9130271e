/* overhear.c: stderr is turned to a file in memory for a while (overhear.h). Should the process
 * crash meanwhile, a handler puts what was held back where it belongs, so that the supervisor has
 * the library's last words. */
#include "targets/overhear.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STDERR = 2, N_SIGNALS = 5 };

static const int signals[N_SIGNALS] = {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE};
static struct sigaction before[N_SIGNALS];
static int held = -1, really = -1; /* the file in memory; stderr as it was */
static off_t told;                 /* how much of it was added to what is kept */

/* --- keeping ---------------------------------------------------------------------------------- */

static void keep(rg_overheard *heard, const char *piece, size_t n) {
    size_t cap = sizeof heard->text - 1;
    if (n > cap) {
        piece += n - cap;
        n = cap;
    }
    size_t over = heard->bytes + n > cap ? heard->bytes + n - cap : 0;
    memmove(heard->text, heard->text + over, heard->bytes - over);
    heard->bytes -= over;
    memcpy(heard->text + heard->bytes, piece, n);
    heard->bytes += n;
    heard->text[heard->bytes] = '\0';
}

void rg_overheard_line(rg_overheard *heard, const char *format, va_list args) {
    char line[1024];
    int n = vsnprintf(line, sizeof line - 1, format, args);
    if (n < 0)
        return;
    size_t used = strlen(line);
    if (!used || line[used - 1] != '\n')
        line[used++] = '\n';
    keep(heard, line, used);
}

/* --- stderr ----------------------------------------------------------------------------------- */

/* Copies what was held back to stderr as it was. Only calls that a signal handler may make. */
static void let_go(void) {
    char piece[1024];
    off_t at = 0;
    ssize_t n;
    while ((n = pread(held, piece, sizeof piece, at)) > 0) {
        for (ssize_t done = 0, w; done < n; done += w) {
            w = write(really, piece + done, (size_t)(n - done));
            if (w <= 0)
                return;
        }
        at += n;
    }
}

void rg_overhear_so_far(rg_overheard *heard) {
    char piece[1024];
    ssize_t n;
    fflush(stderr);
    while (held >= 0 && (n = pread(held, piece, sizeof piece, told)) > 0) {
        keep(heard, piece, (size_t)n);
        told += n;
    }
}

static void crashed(int number) {
    let_go();
    signal(number, SIG_DFL);
    raise(number);
}

/* A library's own handler for crashes, set while it loads, is left in place. */
static void restore_signals(void) {
    for (int i = 0; i < N_SIGNALS; i++) {
        struct sigaction now;
        if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == crashed)
            sigaction(signals[i], &before[i], NULL);
    }
}

void rg_overhear_begin(void) {
    struct sigaction act = {.sa_handler = crashed, .sa_flags = SA_RESETHAND | SA_NODEFER};
    fflush(stderr);
    told = 0;
    held = memfd_create("overheard", MFD_CLOEXEC);
    really = fcntl(STDERR, F_DUPFD_CLOEXEC, STDERR + 1);
    if (held < 0 || really < 0 || fcntl(held, F_SETFL, O_APPEND) || dup2(held, STDERR) < 0) {
        if (held >= 0)
            close(held);
        held = -1; /* then it is not held back */
        return;
    }
    for (int i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i], &act, &before[i]);
}

void rg_overhear_end(rg_overheard *heard) {
    rg_overhear_so_far(heard);
    if (held >= 0) {
        dup2(really, STDERR);
        restore_signals();
        let_go();
        close(held);
    }
    if (really >= 0)
        close(really);
    held = really = -1;
}

/* --- the reason ------------------------------------------------------------------------------- */

static bool begins(const char *line, const char *word) {
    return strncmp(line, word, strlen(word)) == 0;
}

/* A complaint without its level, NULL for a notice or an empty line. */
static const char *complaint(const char *line) {
    static const char *const notices[] = {"INFO: ", "VERBOSE: ", "WARNING: ", "DEBUG: "};
    const char *at = line;
    while (*at && !isalpha((unsigned char)*at))
        at++;
    if (!*at)
        return NULL;
    for (size_t i = 0; i < sizeof notices / sizeof notices[0]; i++) {
        if (begins(line, notices[i]))
            return NULL;
    }
    return begins(line, "ERROR: ") ? line + strlen("ERROR: ") : line;
}

static const char *find(const rg_overheard *heard, bool last) {
    static char found[512];
    char line[512];
    found[0] = '\0';
    for (const char *at = heard->text; *at && (last || !*found);) {
        size_t n = strcspn(at, "\n");
        snprintf(line, sizeof line, "%.*s", (int)n, at);
        const char *said = complaint(line);
        if (said)
            snprintf(found, sizeof found, "%s", said);
        at += n + (at[n] == '\n');
    }
    return found;
}

const char *rg_overheard_first(const rg_overheard *heard) {
    return find(heard, false);
}

const char *rg_overheard_last(const rg_overheard *heard) {
    return find(heard, true);
}

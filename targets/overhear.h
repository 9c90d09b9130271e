/* overhear.h: what a foreign library says while it works. Its words on stderr are the only reason
 * that many give for a refusal, and the only sign of what they did; they are kept in a buffer and
 * still reach stderr, even when the library crashes the process meanwhile. */
#ifndef RG_TARGETS_OVERHEAR_H
#define RG_TARGETS_OVERHEAR_H

#include <stdarg.h>
#include <stddef.h>

enum { RG_OVERHEARD_BYTES = 8192 };

/* Zero it to begin. `text` is always NUL-terminated; beyond its size the beginning is dropped. */
typedef struct rg_overheard {
    char text[RG_OVERHEARD_BYTES];
    size_t bytes;
} rg_overheard;

/* Adds a line as printf does: for the error callbacks that libraries take. */
void rg_overheard_line(rg_overheard *heard, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* From here on what any thread writes to stderr is held back. Not to be nested, and only for as
 * long as a library is being asked to load something. */
void rg_overhear_begin(void);

/* Adds what was held back so far to `heard`, each word once; it still stays held back. */
void rg_overhear_so_far(rg_overheard *heard);

/* Ends that: the rest is added to `heard`, and all that was held back goes to stderr. */
void rg_overhear_end(rg_overheard *heard);

/* The first line, or the last, that holds a letter and is no mere notice ("INFO: "), without what a
 * logger puts before it ("ERROR: "); "" if there is none. The first is mostly the cause, the others
 * its consequences. Lives until the next call of either. */
const char *rg_overheard_first(const rg_overheard *heard);
const char *rg_overheard_last(const rg_overheard *heard);

#endif

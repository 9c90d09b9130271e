/* columns.c: which columns a terminal has room for, and lines of cells. */
#include "bench/cmd/columns.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cmd/args.h"
#include "bench/core/text.h"

enum { UNLIMITED = 1 << 20 };

unsigned rg_columns_room(void) {
    return rg_terminal_columns(STDOUT_FILENO, UNLIMITED);
}

void rg_column_hold(rg_column *column, size_t chars) {
    if ((int)chars > abs(column->width))
        column->width = column->width < 0 ? -(int)chars : (int)chars;
}

static unsigned line_width(const rg_column *columns, size_t n) {
    unsigned width = 0;
    for (size_t i = 0; i < n; i++)
        width += columns[i].hidden ? 0 : (unsigned)abs(columns[i].width) + (width > 0);
    return width;
}

/* The most important column that was not tried yet, NULL behind the last. */
static rg_column *next_column(rg_column *columns, size_t n, const bool *tried) {
    rg_column *next = NULL;
    for (size_t i = 0; i < n; i++) {
        if (!tried[i] && (!next || columns[i].rank < next->rank))
            next = &columns[i];
    }
    return next;
}

void rg_columns_fit(rg_column *columns, size_t n, unsigned room) {
    bool tried[RG_MOST_COLUMNS];
    rg_column *next;
    for (size_t i = 0; i < n; i++) {
        rg_column_hold(&columns[i], strlen(columns[i].title));
        tried[i] = columns[i].hidden || !columns[i].rank;
        columns[i].hidden |= columns[i].rank > 0;
    }
    while ((next = next_column(columns, n, tried)) != NULL) {
        tried[next - columns] = true;
        next->hidden = false;
        next->hidden = line_width(columns, n) > room;
    }
}

void rg_columns_row(const rg_column *columns, size_t n, const char *const *cells) {
    unsigned owed = 0; /* spaces that are printed once something follows */
    for (size_t i = 0; i < n; i++) {
        if (columns[i].hidden)
            continue;
        unsigned chars = (unsigned)strlen(cells[i]), wide = (unsigned)abs(columns[i].width);
        unsigned fill = chars < wide ? wide - chars : 0;
        unsigned before = columns[i].width < 0 ? 0 : fill;
        if (chars)
            printf("%*s%s", (int)(owed + before), "", cells[i]);
        owed = (chars ? fill - before : owed + wide) + 1;
    }
    putchar('\n');
}

void rg_columns_head(const rg_column *columns, size_t n) {
    const char *titles[RG_MOST_COLUMNS];
    for (size_t i = 0; i < n; i++)
        titles[i] = columns[i].title;
    rg_columns_row(columns, n, titles);
}

static void print_wrapped(const char *text, unsigned at, unsigned indent, unsigned room) {
    rg_text lines = {0};
    rg_text_wrap(&lines, text, at, indent, room);
    printf("%s", lines.data ? lines.data : "\n");
    rg_text_free(&lines);
}

void rg_columns_wrap(const char *text, unsigned indent, unsigned room) {
    print_wrapped(text, indent, indent, room);
}

void rg_columns_printf(const char *format, ...) {
    char text[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    print_wrapped(text, 0, 2, rg_columns_room());
}

/* columns.h: tables of text that are printed row by row, as figures come, and fit the terminal: on
 * a narrow one the least important columns are left out instead of every line being broken. Into a
 * file or a pipe all columns go. bench and verify print by it; list wraps its summaries by it. */
#ifndef RG_CMD_COLUMNS_H
#define RG_CMD_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

enum { RG_MOST_COLUMNS = 32 }; /* of one table */

typedef struct rg_column {
    const char *title;
    int width;   /* of the title and the longest cell; negative: text that stands to the left */
    int rank;    /* 0: always shown; the others in this order, while there is room */
    bool hidden; /* left out; set by rg_columns_fit, or before it by the caller */
} rg_column;

/* Widens a column, to the left or to the right as it stands, to hold `chars` characters. */
void rg_column_hold(rg_column *column, size_t chars);

/* Hides what makes a line longer than `room` characters; columns of rank 0 stay. */
void rg_columns_fit(rg_column *columns, size_t n, unsigned room);

/* Characters of a line on stdout: of the terminal that it is, or of $COLUMNS; else without limit.
 */
unsigned rg_columns_room(void);

/* The line of titles, and a line of n cells, to stdout; spaces at the end are left away. */
void rg_columns_head(const rg_column *columns, size_t n);
void rg_columns_row(const rg_column *columns, size_t n, const char *const *cells);

/* Prints `text` from column `indent` on, broken at spaces into lines of `room` characters at most;
 * the first line is taken to stand at that column already. Ends the line. */
void rg_columns_wrap(const char *text, unsigned indent, unsigned room);

/* A sentence to stdout, broken for the terminal with its further lines indented; ends the line. */
void rg_columns_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif

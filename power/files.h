/* files.h: what sensors that read kernel files share: paths below one folder, access, one number a
 * read, and the stamp of a read. */
#ifndef RG_POWER_FILES_H
#define RG_POWER_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/core/root.h"
#include "bench/iface/sensor.h"

/* A folder of the machine. File names below are formats with at most one number, the channel. */
typedef struct rg_files {
    rg_root *root;
    char dir[160];
} rg_files;

#define RG_FILES_NAME(place) __attribute__((format(printf, place, 0)))

bool rg_files_int(const rg_files *files, const char *name, int channel, int64_t *ret_value)
    RG_FILES_NAME(2);
bool rg_files_exists(const rg_files *files, const char *name, int channel) RG_FILES_NAME(2);
/* False when there is none, or it cannot be read; trailing white space is cut. */
bool rg_files_text(const rg_files *files, const char *name, int channel, char *ret, size_t cap)
    RG_FILES_NAME(2);
/* A number of device tree: four bytes, most significant first; 0 when there is none. */
double rg_files_tree_number(const rg_files *files, const char *name, int channel) RG_FILES_NAME(2);
/* For repeated reading; -1 when it cannot be opened. The caller closes it. */
int rg_files_open(const rg_files *files, const char *name, int channel) RG_FILES_NAME(2);

/* Reads the file once and puts what stands in the way, permission or the driver, into the rail's
 * status, what and advice. Not-ready (EAGAIN, ENODATA) is data, not failure. */
void rg_files_access(const rg_files *files, const char *name, int channel, rg_rail *rail)
    RG_FILES_NAME(2);

/* Adds words to the rail's facts; what does not fit is cut. */
void rg_rail_add_fact(rg_rail *rail, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The rail's bus from its chip's address on I2C, "1-0040"; none from any other address. */
void rg_rail_set_i2c_bus(rg_rail *rail, const char *address);

/* One number of an open file, NAN with a flag of rg_power_row_flags when there is none. */
double rg_files_number(int fd, uint32_t *flags);

#endif

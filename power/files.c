/* files.c: reading kernel files below one folder, for the sensors of this folder. */
#include "power/files.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct path {
    char text[256];
} path;

RG_FILES_NAME(2) static path path_of(const rg_files *files, const char *name, int channel) {
    path ret;
    char file[64];
    snprintf(file, sizeof file, name, channel);
    snprintf(ret.text, sizeof ret.text, "%s/%s", files->dir, file);
    return ret;
}

bool rg_files_int(const rg_files *files, const char *name, int channel, int64_t *ret_value) {
    path at = path_of(files, name, channel);
    return rg_root_read_int(files->root, at.text, ret_value, NULL) == RG_OK;
}

bool rg_files_exists(const rg_files *files, const char *name, int channel) {
    path at = path_of(files, name, channel);
    return rg_root_exists(files->root, at.text);
}

bool rg_files_text(const rg_files *files, const char *name, int channel, char *ret, size_t cap) {
    path at = path_of(files, name, channel);
    return rg_root_read(files->root, at.text, ret, cap, NULL) == RG_OK;
}

double rg_files_tree_number(const rg_files *files, const char *name, int channel) {
    path at = path_of(files, name, channel);
    char bytes[8];
    if (rg_root_read_bytes(files->root, at.text, bytes, sizeof bytes) != 4)
        return 0;
    const unsigned char *b = (const unsigned char *)bytes;
    return (double)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3]);
}

int rg_files_open(const rg_files *files, const char *name, int channel) {
    path at = path_of(files, name, channel);
    return rg_root_open_fd(files->root, at.text);
}

void rg_files_access(const rg_files *files, const char *name, int channel, rg_rail *rail) {
    path at = path_of(files, name, channel);
    char text[64];
    rg_err err = RG_ERR_INIT;
    rail->status = rg_root_read(files->root, at.text, text, sizeof text, &err);
    if (rail->status == RG_AGAIN)
        rail->status = RG_OK;
    if (rail->status == RG_OK)
        return;
    snprintf(rail->what, sizeof rail->what, "%.190s", err.what);
    if (rail->status == RG_DENIED)
        snprintf(rail->advice, sizeof rail->advice, "sudo chmod a+r %.150s", at.text);
}

void rg_rail_add_fact(rg_rail *rail, const char *format, ...) {
    size_t used = strlen(rail->facts);
    va_list words;
    va_start(words, format);
    vsnprintf(rail->facts + used, sizeof rail->facts - used, format, words);
    va_end(words);
}

double rg_files_number(int fd, uint32_t *flags) {
    char text[64], *end;
    rg_status status = rg_root_reread(fd, text, sizeof text);
    if (status != RG_OK) {
        *flags |= status == RG_AGAIN ? RG_ROW_NOT_READY : RG_ROW_BAD;
        return NAN;
    }
    double value = strtod(text, &end);
    if (end == text)
        *flags |= RG_ROW_BAD;
    return end == text ? NAN : value;
}

void rg_rail_set_i2c_bus(rg_rail *rail, const char *address) {
    size_t digits = strspn(address, "0123456789");
    if (digits && digits < 8 && address[digits] == '-')
        snprintf(rail->bus, sizeof rail->bus, "i2c-%.*s", (int)digits, address);
}

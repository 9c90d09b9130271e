/* hef.c: see hef.h. Numbers of the header are big-endian. */
#include "bench/run/hef.h"

#include <string.h>

enum { HEAD_0 = 32, HEAD_1 = 28, DIGEST_AT = 16, DIGEST_BYTES = 16 };

static const char copy_advice[] = "copy the file again and compare its size with the source's";

static uint64_t big(const unsigned char *at, unsigned n) {
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++)
        v = v << 8 | at[i];
    return v;
}

bool rg_hef_sniff(const void *data, size_t bytes) {
    return bytes >= 4 && !memcmp(data, "\001HEF", 4);
}

static rg_status cut_short(size_t bytes, uint64_t want, rg_err *err) {
    return rg_fail(err, RG_BAD_DATA, copy_advice,
                   "its header announces %llu bytes, the file has %zu", (unsigned long long)want,
                   bytes);
}

static void hex_of(const unsigned char *at, char ret[RG_MD5_HEX]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < DIGEST_BYTES; i++) {
        ret[2 * i] = digits[at[i] >> 4];
        ret[2 * i + 1] = digits[at[i] & 15];
    }
    ret[2 * DIGEST_BYTES] = '\0';
}

static rg_status read_0(const unsigned char *data, size_t bytes, rg_hef *hef, rg_err *err) {
    if (bytes < HEAD_0)
        return cut_short(bytes, HEAD_0, err);
    hef->proto_bytes = big(data + 8, 4);
    hef->has_digest = true;
    hex_of(data + DIGEST_AT, hef->digest);
    if (hef->proto_bytes != bytes - HEAD_0)
        return cut_short(bytes, HEAD_0 + hef->proto_bytes, err);
    rg_hash_md5(data + HEAD_0, bytes - HEAD_0, hef->actual);
    if (strcmp(hef->digest, hef->actual))
        return rg_fail(err, RG_BAD_DATA, copy_advice, "its digest is %s, its header says %s",
                       hef->actual, hef->digest);
    return RG_OK;
}

static rg_status read_1(const unsigned char *data, size_t bytes, rg_hef *hef, rg_err *err) {
    if (bytes < HEAD_1)
        return cut_short(bytes, HEAD_1, err);
    hef->proto_bytes = big(data + 8, 4);
    hef->weights_bytes = big(data + 16, 8);
    uint64_t rest = bytes - HEAD_1;
    if (hef->proto_bytes > rest || hef->weights_bytes != rest - hef->proto_bytes)
        return cut_short(bytes, HEAD_1 + hef->proto_bytes + hef->weights_bytes, err);
    return RG_OK;
}

rg_status rg_hef_read(const void *data, size_t bytes, rg_hef *ret_hef, rg_err *err) {
    *ret_hef = (rg_hef){0};
    if (!rg_hef_sniff(data, bytes))
        return rg_fail(err, RG_BAD_DATA, copy_advice, "it is no Hailo executable");
    if (bytes < 8)
        return cut_short(bytes, HEAD_1, err);
    ret_hef->version = (uint32_t)big((const unsigned char *)data + 4, 4);
    if (ret_hef->version == 0)
        return read_0(data, bytes, ret_hef, err);
    if (ret_hef->version == 1)
        return read_1(data, bytes, ret_hef, err);
    return rg_fail(err, RG_UNSUPPORTED, "a newer railgauge may know it",
                   "its header has version %u; versions 0 and 1 are known", ret_hef->version);
}

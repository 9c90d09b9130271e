/* hef.c: see hef.h. Numbers of the header are big-endian. */
#include "bench/core/hef.h"

#include <string.h>

enum { HEAD_0 = 32, HEAD_1 = 28, HEAD_2 = 44, HEAD_3 = 56, DIGEST_AT = 16, DIGEST_BYTES = 16 };

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
    hef->proto_at = HEAD_0;
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

/* Where the sizes stand in the headers of versions 1 to 3; checksums (CRC-32, XXH3) are left to the
 * vendor's library. */
static const struct {
    unsigned head, weights_at, more_at; /* more_at: bytes behind the weights, 0 none */
} layouts[] = {{HEAD_1, 16, 0}, {HEAD_2, 20, 0}, {HEAD_3, 20, 32}};

static rg_status read_later(const unsigned char *data, size_t bytes, rg_hef *hef, rg_err *err) {
    unsigned head = layouts[hef->version - 1].head, more_at = layouts[hef->version - 1].more_at;
    if (bytes < head)
        return cut_short(bytes, head, err);
    hef->proto_at = head;
    hef->proto_bytes = big(data + 8, 4);
    hef->weights_bytes = big(data + layouts[hef->version - 1].weights_at, 8);
    uint64_t rest = bytes - head, more = more_at ? big(data + more_at, 8) : 0;
    if (hef->proto_bytes > rest || more > rest - hef->proto_bytes ||
        hef->weights_bytes != rest - hef->proto_bytes - more)
        return cut_short(bytes, head + hef->proto_bytes + hef->weights_bytes + more, err);
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
    if (ret_hef->version <= 3)
        return read_later(data, bytes, ret_hef, err);
    return rg_fail(err, RG_UNSUPPORTED, "a newer railgauge may know it",
                   "its header has version %u; versions 0 to 3 are known", ret_hef->version);
}

/* magic.c: one row for each content that turns up under a model's name. */
#include "bench/core/magic.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

typedef struct row {
    size_t at; /* offset of the bytes to compare */
    const char *bytes;
    size_t n;
    bool text; /* skip leading white space, ignore case */
    rg_magic magic;
} row;

#define BINARY(at, bytes) at, bytes, sizeof bytes - 1, false
#define TEXT(word) 0, word, sizeof word - 1, true
#define PAGE                                                                                       \
    { "a web page, not a model", "download the raw file; the page is what a browser shows for it" }
#define ZIP                                                                                        \
    { "a zip archive, not a model", "unpack it and give the model inside" }
#define ONNX                                                                                       \
    { "an ONNX model", "it should be readable; the file may be damaged" }

static const row rows[] = {
    {TEXT("version https://git-lfs.github.com/spec/"),
     {"a Git LFS pointer, not the model it stands for",
      "run `git lfs pull` in the folder it came from, then try again"}},
    {TEXT("<!doctype html"), PAGE},
    {TEXT("<html"), PAGE},
    {TEXT("<?xml"), {"an XML document, not a model", "check what the download really returned"}},
    {TEXT("{"), {"JSON text, not a model", "give the model itself, not its description"}},
    {TEXT("return "), {"Lua text, not a model", "give the model itself"}},
    {BINARY(0, "PK\003\004"), ZIP},
    {BINARY(0, "PK\005\006"), ZIP},
    {BINARY(0, "\037\213"), {"gzip-compressed", "unpack it with `gunzip` first"}},
    {BINARY(0, "7z\274\257\047\034"), {"a 7-Zip archive, not a model", "unpack it first"}},
    {BINARY(0, "\211HDF\r\n"),
     {"an HDF5 file (a Keras model)", "convert it to .tflite with the TensorFlow Lite converter"}},
    {BINARY(0, "\001HEF"),
     {"a Hailo HEF executable",
      "give the .tflite model that it was compiled from; `railgauge inspect` tells its header"}},
    {BINARY(0, "\177ELF"), {"an executable, not a model", "give the model itself"}},
    {BINARY(0, "\200\002"), {"a Python pickle, not a model", "export the model to .tflite"}},
    {BINARY(4, "TFL3"), {"a TFLite model", "it should be readable; the file may be damaged"}},
    /* ONNX is a bare protobuf: field 1 (ir_version) as a small varint, then field 2 or 8. */
    {BINARY(2, "\022\007pytorch"), ONNX},
    {BINARY(2, "\022"), ONNX},
    {BINARY(2, "\102"), ONNX},
    {BINARY(2, "\072"), ONNX},
};

static const rg_magic nothing = {"empty", "copy or download it again; nothing is in it"};

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool text_matches(const row *r, const char *data, size_t bytes) {
    size_t at = 0;
    if (bytes >= 3 && !memcmp(data, "\357\273\277", 3))
        at = 3; /* byte order mark */
    while (at < bytes && at < 256 && is_space(data[at]))
        at++;
    return bytes - at >= r->n && !strncasecmp(data + at, r->bytes, r->n);
}

static bool matches(const row *r, const char *data, size_t bytes) {
    if (r->text)
        return text_matches(r, data, bytes);
    if (bytes < r->at + r->n || memcmp(data + r->at, r->bytes, r->n))
        return false;
    /* the protobuf rows: only behind a plausible ir_version */
    return r->at != 2 || (data[0] == 0x08 && data[1] > 0 && data[1] < 32);
}

const rg_magic *rg_magic_of(const void *data, size_t bytes) {
    if (bytes == 0)
        return &nothing;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (matches(&rows[i], data, bytes))
            return &rows[i].magic;
    }
    return NULL;
}

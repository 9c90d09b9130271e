/* fuzz_bundle.c: a hostile bundle to its reader: whatever lies in the folder, it is refused in
 * words or read, checked against its manifest and its records derived again.
 *
 * Input: files one after another, each begun by a line "@@ path"; "@@l path" is a symbolic link to
 * its content, "@@p path" a pipe. So that the reader gets past its hashes, %path% stands for the
 * SHA-256 of a file above, and CHECKSUM at a file's end for the FNV-1a of what is before it. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/text.h"
#include "bench/result/bundle.h"
#include "bench/result/bundle_priv.h"
#include "fuzz.h"

enum { MOST_FILES = 24, MOST_PATH = 64, MOST_MEMORY = 64 << 20 };
static const char checksum[] = "CHECKSUM";

typedef struct written {
    char path[MOST_PATH], hash[RG_HASH_HEX];
} written;

static char top[64], dir[80];

static void remove_top(void) {
    rg_fs_remove_tree(top, NULL);
}

static void make_top(void) {
    const char *base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(top, sizeof top, "%s/rg-fuzz-XXXXXX", base);
    PROMISE(mkdtemp(top), top);
    snprintf(dir, sizeof dir, "%s/b", top);
    atexit(remove_top);
}

/* --- making the folder ------------------------------------------------------------------------ */

/* The content with hashes put in. */
static void fill_in(const char *from, size_t bytes, const written *files, size_t n, rg_text *ret) {
    while (bytes) {
        size_t i = 0, length = 0;
        for (; *from == '%' && i < n; i++) {
            length = strlen(files[i].path) + 2;
            if (length <= bytes && from[length - 1] == '%' &&
                !memcmp(from + 1, files[i].path, length - 2))
                break;
        }
        bool found = *from == '%' && i < n;
        if (found)
            rg_text_add(ret, files[i].hash);
        else
            rg_text_add_bytes(ret, from, 1);
        from += found ? length : 1;
        bytes -= found ? length : 1;
    }
}

static void put_checksum(rg_text *text) {
    uint64_t sum = 0xcbf29ce484222325u;
    size_t n = text->bytes - 8;
    if (text->bytes < 8 || memcmp(text->data + n, checksum, 8))
        return;
    for (size_t i = 0; i < n; i++)
        sum = (sum ^ (unsigned char)text->data[i]) * 0x100000001b3u;
    for (size_t i = 0; i < 8; i++)
        text->data[n + i] = (char)(sum >> 8 * i);
}

/* Plain files come first, with the folders above them: nothing is written through a link. */
static void make_plain(const char *path, const rg_text *text) {
    char full[256];
    snprintf(full, sizeof full, "%s/%s", dir, path);
    char *slash = strrchr(full, '/');
    *slash = '\0';
    rg_fs_mkdirs(full, NULL);
    *slash = '/';
    FILE *file = fopen(full, "wb");
    if (!file) /* a folder of this name, say */
        return;
    if (text->bytes)
        fwrite(text->data, 1, text->bytes, file);
    fclose(file);
}

/* A link or a pipe where a plain file may have been, in a folder that is no link itself. */
static void make_odd(char kind, const char *path, const rg_text *text) {
    char above[MOST_PATH];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    snprintf(above, sizeof above, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    int top_fd = open(dir, O_RDONLY | O_DIRECTORY);
    int fd = rg_bundle_open_inside(top_fd, above, O_DIRECTORY);
    close(top_fd);
    if (fd < 0)
        return;
    unlinkat(fd, name, 0);
    if (kind == 'l' && text->bytes)
        (void)!symlinkat(text->data, fd, name);
    else if (kind == 'p')
        (void)!mkfifoat(fd, name, 0600);
    close(fd);
}

/* The next "@@" at the beginning of a line, or the end. */
static const char *next_mark(const char *at, const char *end) {
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
        if (end - ++at >= 2 && at[0] == '@' && at[1] == '@')
            return at;
    }
    return end;
}

/* One file, if it is plain or odd as wanted; a path that would leave the folder is passed over. */
static void take_file(const char *at, const char *end, bool odd, written *files, size_t *n) {
    const char *line = memchr(at, '\n', (size_t)(end - at));
    char kind = end - at > 2 ? at[2] : ' ';
    at += kind == ' ' ? 3 : 4;
    written *file = &files[*n];
    if (!line || at >= line || line - at >= MOST_PATH || odd != (kind != ' '))
        return;
    snprintf(file->path, sizeof file->path, "%.*s", (int)(line - at), at);
    if (!rg_bundle_path_plain(file->path))
        return;
    rg_text text = {0};
    rg_text_add(&text, "");
    fill_in(line + 1, (size_t)(end - line - 1), files, *n, &text);
    put_checksum(&text);
    if (odd)
        make_odd(kind, file->path, &text);
    else
        make_plain(file->path, &text);
    rg_hash_bytes(text.data ? text.data : "", text.bytes, file->hash);
    rg_text_free(&text);
    (*n)++;
}

static void make_files(const char *data, size_t bytes, bool odd) {
    static written files[MOST_FILES];
    const char *end = data + bytes;
    size_t n = 0;
    while (data < end && n < MOST_FILES) {
        const char *next = next_mark(data, end);
        if (next - data > 4)
            take_file(data, next - (next < end), odd, files, &n);
        data = next;
    }
}

static void make_folder(const uint8_t *data, size_t bytes) {
    rg_fs_remove_tree(dir, NULL);
    PROMISE(rg_fs_mkdirs(dir, NULL) == RG_OK, dir);
    make_files((const char *)data, bytes, false);
    make_files((const char *)data, bytes, true);
}

/* --- reading it ------------------------------------------------------------------------------- */

static void check_rounds(const rg_bundle *bundle) {
    size_t n;
    const uint32_t *orders = rg_bundle_rounds(bundle, &n);
    for (size_t i = 0; i < n; i++) {
        rg_round round;
        rg_err err = RG_ERR_INIT;
        rg_arena *arena = rg_arena_new(MOST_MEMORY);
        PROMISE(arena && (!i || orders[i - 1] < orders[i]), "rounds are not in order");
        if (rg_bundle_read_round(bundle, orders[i], arena, &round, &err) == RG_OK)
            json_decref(round.facts);
        else
            PROMISE(err.what[0], "a round is refused without words");
        rg_arena_free(arena);
    }
}

static void check_whole(const rg_bundle *bundle) {
    json_t *records = NULL;
    rg_err err = RG_ERR_INIT;
    if (rg_bundle_verify(bundle, &err) != RG_OK)
        PROMISE(err.what[0], "the manifest is refused without words");
    rg_err later = RG_ERR_INIT;
    if (rg_bundle_derive(bundle, &records, &later) != RG_OK)
        PROMISE(later.what[0], "records are refused without words");
    json_decref(records);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes) {
    rg_bundle *bundle = NULL;
    rg_err err = RG_ERR_INIT;
    if (!*dir)
        make_top();
    make_folder(data, bytes);
    if (rg_bundle_open(dir, &bundle, &err) != RG_OK) {
        PROMISE(err.what[0] && err.advice[0], "refused without words");
        return 0;
    }
    check_rounds(bundle);
    check_whole(bundle);
    rg_bundle_close(bundle);
    return 0;
}

/* bundle_priv.h: what the files bundle_*.c and manifest.c share of an open bundle. */
#ifndef RG_RESULT_BUNDLE_PRIV_H
#define RG_RESULT_BUNDLE_PRIV_H

#include "bench/result/bundle.h"

/* Limits for files from strangers. */
#define RG_BUNDLE_JSON_LIMIT ((size_t)16 << 20)
#define RG_BUNDLE_LINES_LIMIT ((size_t)256 << 20)
#define RG_BUNDLE_RAW_LIMIT ((size_t)1 << 30)
enum { RG_BUNDLE_OUTPUT_LIMIT = 64 << 10, RG_BUNDLE_MAX_ORDER = 99999 };

struct rg_bundle {
    char *dir;                 /* as given, for messages and for writing */
    int fd;                    /* of dir: reading starts here; carries the writer's lock */
    const rg_storage *storage; /* NULL when opened for reading */
    json_t *facts, *cells, *records;
    uint32_t *rounds; /* ascending */
    size_t n_rounds, cap_rounds;
    bool finished;
};

/* An empty handle on `dir` (which must exist); facts are not yet read. */
rg_status rg_bundle_handle(const char *dir, rg_bundle **ret_bundle, rg_err *err);

/* Reads bundle.json, cells.jsonl, records.jsonl and the list of rounds. */
rg_status rg_bundle_load(rg_bundle *bundle, rg_err *err);

/* Opens and loads `dir` as its only writer. RG_DENIED when another process is writing it. */
rg_status rg_bundle_open_to_write(const char *dir, const rg_storage *storage,
                                  rg_bundle **ret_bundle, rg_err *err);

/* Writes DIR/name through to the disk; its name is not synced yet. RG_IO, RG_NO_MEMORY. */
rg_status rg_bundle_put_file(const rg_storage *s, rg_arena *arena, const char *dir,
                             const char *name, const void *data, size_t bytes, rg_err *err);

/* {"bytes": size, "sha256": hash} of a file's content; a new reference, NULL without memory. */
json_t *rg_bundle_file_facts(const void *data, size_t bytes);

/* RG_NO_MEMORY in this module's words. */
rg_status rg_bundle_no_memory(rg_err *err);

/* Removes rounds/NNNNN.tmp, whatever a cut-off write left in them. */
rg_status rg_bundle_remove_part_rounds(rg_bundle *bundle, rg_err *err);

/* Adds an order to the list of rounds. */
rg_status rg_bundle_add_round(rg_bundle *bundle, uint32_t order, rg_err *err);

/* Reads a regular file below the bundle, without following any symlink on the way.
 * RG_ABSENT, RG_BAD_DATA (not a regular file, too long), RG_IO. NUL-terminated. */
rg_status rg_bundle_read_file(const rg_bundle *bundle, const char *path, size_t limit_bytes,
                              rg_arena *arena, char **ret_data, size_t *ret_bytes, rg_err *err);

/* Opens a path below dir_fd component by component, so that no link on the way is followed. -1 with
 * errno; rg_bundle_open_error words it: RG_ABSENT, RG_BAD_DATA (a link), RG_DENIED, RG_IO. */
int rg_bundle_open_inside(int dir_fd, const char *path, int flags);
rg_status rg_bundle_open_error(rg_err *err, const char *path);

/* A file that holds one JSON object; a new reference. */
rg_status rg_bundle_read_json(const rg_bundle *bundle, const char *path, json_t **ret, rg_err *err);

/* A file's lines, each an object, as an array; NULL and RG_OK when there is no such file. */
rg_status rg_bundle_read_lines(const rg_bundle *bundle, const char *path, json_t **ret,
                               rg_err *err);

/* "DIR/path", malloc'ed; NULL when memory ran out. */
char *rg_bundle_path(const rg_bundle *bundle, const char *path);

/* "rounds/00012" */
enum { RG_BUNDLE_ROUND_NAME = 24 };
void rg_bundle_round_name(uint32_t order, char ret[RG_BUNDLE_ROUND_NAME]);

/* True for relative paths of plain characters without "..", as the manifest and scenarios may name.
 */
bool rg_bundle_path_plain(const char *path);

#endif

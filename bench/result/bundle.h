/* bundle.h: a run's directory, the only hand-over between measuring and everything later
 * (architecture, section 4). Written round by round so that a crash, a full disk or a power cut
 * costs at most the round in progress; read as data from strangers.
 *
 *   BUNDLE/  bundle.json      schema, program, scenario and plan hash, request, gate block, and the
 *                             caller's facts (host, settings ...); written first, never changed
 *            scenario.lua     the text, with the files it required at their relative paths (lib/)
 *            cells.jsonl      one line a cell, in plan order: rg_cell_to_json with its admission
 *            rounds/NNNNN/    NNNNN = place in the run; record.json (facts of run/round.h and
 *                             "files": size and SHA-256 of the others), samples.bin (samples.h),
 *                             power.jsonl (powerlog.h), output.txt (bytes as printed)
 *            records.jsonl    per-cell records, derived, can be rebuilt
 *            MANIFEST.sha256  as sha256sum prints, sorted by path; last; its presence: finished
 *
 * Order of writing: rg_bundle_create, rg_bundle_put_cells once, rg_bundle_put_round for each round,
 * rg_bundle_put_records, rg_bundle_finish. After every successful call the state is on the disk.
 * After a failed one the bundle can still be opened, with all that was written before. */
#ifndef RG_RESULT_BUNDLE_H
#define RG_RESULT_BUNDLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/core/arena.h"
#include "bench/core/err.h"
#include "bench/core/hash.h"
#include "bench/result/storage.h"
#include "bench/run/request.h"
#include "bench/run/round.h"

typedef struct rg_bundle rg_bundle;

/* A text that belongs to the scenario. */
typedef struct rg_bundle_file {
    const char *path; /* relative, of [A-Za-z0-9._/-], no ".." ("lib/nets.lua") */
    const void *data;
    size_t bytes;
} rg_bundle_file;

/* What rg_bundle_create needs; nothing is kept after the call but `storage`. */
typedef struct rg_bundle_spec {
    const char *dir;      /* the folder to create, which must not exist; NULL: named below `out` */
    const char *out;      /* parent, created when missing: OUT/<scenario>-<UTC>-<8 of plan hash> */
    const rg_plan *plan;  /* name, summary, hash, counts, seed, request and gate are kept */
    const char *scenario; /* text of scenario.lua */
    const rg_bundle_file *files; /* what it required */
    size_t n_files;
    const json_t *facts;       /* object merged into bundle.json: "host", "settings", "arguments",
                                  "interleaved" ...; own keys of bundle.json are not overwritten */
    int64_t wall_ns;           /* time of the run for name and record; 0: now */
    const rg_storage *storage; /* NULL: the real file system */
} rg_bundle_spec;

/* --- writing -------------------------------------------------------------------------------- */

/* Creates the bundle, complete with bundle.json and the scenario, in one step (a crash leaves none
 * or a whole one), and locks it against a second writer. RG_USAGE when `dir` exists, RG_IO. */
rg_status rg_bundle_create(const rg_bundle_spec *spec, rg_bundle **ret_bundle, rg_err *err);

/* Opens for writing what was interrupted: removes leftovers of a cut-off round and gives the rounds
 * that exist. `plan` must have the bundle's hash: RG_INVALID naming what differs (scenario, cells,
 * rounds) otherwise. RG_DENIED when another process is writing it. A finished bundle opens too;
 * the first put then takes its manifest away until rg_bundle_finish. `storage` may be NULL. */
rg_status rg_bundle_resume(const char *dir, const rg_plan *plan, const rg_storage *storage,
                           rg_bundle **ret_bundle, rg_err *err);

/* Writes cells.jsonl from an array of objects. Once: a second call is RG_USAGE. */
rg_status rg_bundle_put_cells(rg_bundle *bundle, const json_t *cells, rg_err *err);

/* Stores a round as rounds/<round->order>. RG_USAGE when that directory exists already. The facts
 * are not changed; they must say "cell", "round" and "status". Samples, rails, power and output may
 * be empty. */
rg_status rg_bundle_put_round(rg_bundle *bundle, const rg_round *round, rg_err *err);

/* Writes (or replaces) records.jsonl from an array of objects. */
rg_status rg_bundle_put_records(rg_bundle *bundle, const json_t *records, rg_err *err);

/* Hashes every file, writes MANIFEST.sha256. */
rg_status rg_bundle_finish(rg_bundle *bundle, rg_err *err);

/* --- reading -------------------------------------------------------------------------------- */

/* Opens a bundle, finished or not. Older schemas are accepted; a newer one is RG_BAD_DATA with the
 * version of the program that it needs. Symlinks inside a bundle are never followed. RG_ABSENT when
 * there is no such folder, RG_BAD_DATA when it is no bundle or is damaged. */
rg_status rg_bundle_open(const char *dir, rg_bundle **ret_bundle, rg_err *err);
void rg_bundle_close(rg_bundle *bundle); /* accepts NULL */

const char *rg_bundle_dir(const rg_bundle *bundle);
bool rg_bundle_finished(const rg_bundle *bundle);

/* Content of bundle.json, an object; of cells.jsonl and records.jsonl, arrays of objects, NULL when
 * the file is not there yet. Borrowed; live until close (records: or until put_records). */
const json_t *rg_bundle_facts(const rg_bundle *bundle);
const json_t *rg_bundle_cells(const rg_bundle *bundle);
const json_t *rg_bundle_records(const rg_bundle *bundle);
const char *rg_bundle_plan_hash(const rg_bundle *bundle);

/* Orders (NNNNN) of the complete rounds, ascending; valid until the next put_round. */
const uint32_t *rg_bundle_rounds(const rg_bundle *bundle, size_t *ret_n);
bool rg_bundle_has_round(const rg_bundle *bundle, uint32_t order);

/* Reads a round with its samples, rails, power rows and output into `arena`; sizes and hashes in
 * record.json are checked. `ret_round->facts` is a new reference for the caller to drop;
 * `ret_round->cell` is the line of cells.jsonl with the same key, UINT32_MAX when there is none. */
rg_status rg_bundle_read_round(const rg_bundle *bundle, uint32_t order, rg_arena *arena,
                               rg_round *ret_round, rg_err *err);

/* Only the facts of a round (record.json), without the raw data. New reference. */
rg_status rg_bundle_read_facts(const rg_bundle *bundle, uint32_t order, json_t **ret_facts,
                               rg_err *err);

/* The records of all cells, derived again from the rounds that are stored (result/derive.h): what
 * rg_bundle_put_records wants at the end of a run. Rounds are read one cell at a time. An array,
 * new reference. */
rg_status rg_bundle_derive(const rg_bundle *bundle, json_t **ret_records, rg_err *err);

/* The record of one cell (line `cell` of cells.jsonl) from the rounds that are stored by now. New
 * reference. */
rg_status rg_bundle_derive_cell(const rg_bundle *bundle, uint32_t cell, json_t **ret_record,
                                rg_err *err);

/* Text of scenario.lua, or of one of its files, in the arena. */
rg_status rg_bundle_read_text(const rg_bundle *bundle, const char *path, rg_arena *arena,
                              char **ret_text, size_t *ret_bytes, rg_err *err);

/* Checks every file against MANIFEST.sha256. RG_ABSENT when unfinished, RG_BAD_DATA naming the
 * first file that is changed, missing, or (in rounds/ and lib/) not listed. */
rg_status rg_bundle_verify(const rg_bundle *bundle, rg_err *err);

/* The same, showing each file's content once, in the manifest's order, after its hash was found
 * right: for who takes a bundle over whole. Stops at the first `show` that is not RG_OK; files
 * that are not listed are only found at the end. */
typedef rg_status (*rg_bundle_visit)(void *user, const char *path, const void *data, size_t bytes,
                                     const char *hash, rg_err *err);
rg_status rg_bundle_each_file(const rg_bundle *bundle, rg_bundle_visit show, void *user,
                              rg_err *err);

/* The bundle's id: SHA-256 of MANIFEST.sha256. RG_ABSENT when unfinished. */
rg_status rg_bundle_id(const rg_bundle *bundle, char ret_hex[RG_HASH_HEX], rg_err *err);

#endif

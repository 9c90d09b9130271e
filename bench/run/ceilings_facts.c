/* ceilings_facts.c: the short measurement of peaks that a run keeps with the host's facts, cached
 * for this machine until it boots anew. */
#include <stdlib.h>
#include <string.h>

#include "bench/core/fs.h"
#include "bench/core/hash.h"
#include "bench/core/json.h"
#include "bench/run/ceilings.h"
#include "bench/run/cores.h"

/* What a cached figure belongs to: this host, this boot, these levels. */
static char *cache_path(rg_arena *arena, rg_root *root, const json_t *host_facts) {
    char boot[64] = "", hex[RG_HASH_HEX], *dir;
    rg_root_read(root, "/proc/sys/kernel/random/boot_id", boot, sizeof boot, NULL);
    char *facts = rg_json_text(host_facts, 0);
    char *text = rg_arena_printf(arena, "%s\n%s\n%llx", facts ? facts : "", boot,
                                 (unsigned long long)rg_isa_allowed());
    free(facts);
    if (!text || !*boot || rg_fs_cache_dir(arena, "peaks", &dir, NULL) != RG_OK)
        return NULL;
    rg_hash_bytes(text, strlen(text), hex);
    return rg_arena_printf(arena, "%s/%.32s.json", dir, hex);
}

static json_t *measure(void) {
    uint32_t all = rg_cpus_here()->n, counts[2] = {1, all};
    rg_ceilings_ask ask = {.mask = rg_isa_allowed(),
                           .threads = counts,
                           .n_threads = all > 1 ? 2 : 1,
                           .block_ns = 1000000,
                           .repeats = 4,
                           .brief = true};
    rg_ceilings *ceilings;
    if (rg_ceilings_measure(&ask, &ceilings, NULL) != RG_OK)
        return NULL;
    json_t *facts = rg_ceilings_json(ceilings);
    free(ceilings);
    return facts;
}

json_t *rg_ceilings_facts(rg_root *root, const json_t *host_facts) {
    rg_arena *arena = rg_root_is_live(root) ? rg_arena_new(0) : NULL;
    json_t *facts = NULL;
    char *path = arena ? cache_path(arena, root, host_facts) : NULL;
    if (!arena || (path && rg_json_read(path, &facts, NULL) == RG_OK)) {
        rg_arena_free(arena);
        return facts;
    }
    facts = measure();
    char *text = facts ? rg_json_text(facts, 0) : NULL;
    if (path && text)
        rg_fs_write_atomic(path, text, strlen(text), NULL); /* else measured again next time */
    free(text);
    rg_arena_free(arena);
    return facts;
}

/* infer_facts.h: what a loaded program says of itself, as JSON. */
#ifndef RG_CMD_INFER_FACTS_H
#define RG_CMD_INFER_FACTS_H

#include "bench/core/json.h"
#include "bench/iface/target.h"

/* "key=value" lines of the target as an object of texts. */
json_t *rg_infer_effective_json(const rg_target *target, const rg_program *program);

/* Memory and packing as far as the target knows them; unknown figures are left out. */
json_t *rg_infer_memory_json(const rg_target *target, const rg_program *program);

#endif

/* peer.h: another build of this program, asked whether its workers can be driven by this one. Used
 * by the gate before it runs two builds turn by turn. */
#ifndef RG_RUN_PEER_H
#define RG_RUN_PEER_H

#include "bench/core/err.h"
#include "bench/core/hash.h"

typedef struct rg_peer {
    char version[128];        /* version and build, as the program tells them */
    char sha256[RG_HASH_HEX]; /* of its file */
} rg_peer;

/* Starts `PROGRAM worker --protocol` and compares its answer with this build's own (job.h).
 * RG_USAGE when it is no program, gives no answer within ten seconds, or speaks another protocol.
 */
rg_status rg_peer_ask(const char *program, rg_peer *ret_peer, rg_err *err);

#endif

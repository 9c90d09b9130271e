/* magic.h: what a file that is not the one we wanted probably is. Serves the messages of the model
 * loader and of the readers; it never decides how a file is read. */
#ifndef RG_CORE_MAGIC_H
#define RG_CORE_MAGIC_H

#include <stddef.h>

/* Words for a file's content. Both texts live forever. */
typedef struct rg_magic {
    const char *what;   /* "a Git LFS pointer, not the file it stands for" */
    const char *advice; /* what to try */
} rg_magic;

/* Recognises the usual foreign contents (empty file, Git LFS pointer, web page, JSON, archives,
 * ONNX, HEF, TFLite) by their first bytes. NULL when it is none of them. */
const rg_magic *rg_magic_of(const void *data, size_t bytes);

#endif

/* import_foreign.h: `railgauge import trtexec|hailortcli|... FILE...`: other tools' results into a
 * bundle. */
#ifndef RG_CMD_IMPORT_FOREIGN_H
#define RG_CMD_IMPORT_FOREIGN_H

#include "bench/iface/foreign.h"

/* Reads the files as this tool's, writes a bundle below `out` and prints its folder and a line for
 * each result (`json`: one document). `model` names the workload where the tool does not tell it.
 * RG_BAD_DATA with the file's name, RG_IO, RG_INVALID when the tool itself calls a run invalid,
 * which is written all the same. */
rg_status rg_import_foreign(const rg_foreign_format *format, const char *const *files, size_t n,
                            const char *out, const char *model, bool json, rg_err *err);

#endif

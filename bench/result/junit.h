/* junit.h: the gate as JUnit XML, in the subset that Jenkins and GitLab both read:
 * testsuites > testsuite > testcase > failure | error | skipped, with all numbers in the message,
 * since GitLab ignores properties. regressed is a failure; missing, error, invalid and
 * not-comparable are errors; inconclusive and skipped are skipped. */
#ifndef RG_RESULT_JUNIT_H
#define RG_RESULT_JUNIT_H

#include "bench/core/text.h"
#include "bench/result/gate.h"

/* Appends the whole document, UTF-8, with its XML declaration. Characters that XML 1.0 cannot hold
 * become '?'. */
void rg_gate_to_junit(const rg_gate *gate, rg_text *ret_text);

#endif
